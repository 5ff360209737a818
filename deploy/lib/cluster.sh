# shellcheck shell=bash
# A private PostgreSQL cluster on a Unix socket, without TCP.  The operating system says who
# connects (peer): only the user who runs the quickstart gets in, and the service's own to add
# records.  Needs common.sh and state.sh; RUN is the run folder.
#
# PostgreSQL refuses to run as root and cannot enter root's folders, and a socket's path ends at 107
# bytes: then the cluster lives in a folder of its own under /var/tmp and run/pg links to it.

CLUSTER_BIN=/usr/lib/postgresql/15/bin
CLUSTER_PORT=5432 # only part of the socket's name
CLUSTER_DATABASE=tsa

cluster_user()
{
	if is_root; then echo postgres; else id -un; fi
}

# Runs a command as the cluster's user, from a folder everyone may enter.
as_cluster()
{
	(
		cd / || exit 1
		close_descriptors
		if is_root; then
			exec runuser -u postgres -- "$@"
		else
			exec "$@"
		fi
	)
}

# The folder itself, with links followed; nothing if there is none.
cluster_folder()
{
	[ ! -d "$RUN/pg" ] || (cd -P "$RUN/pg" && pwd)
}

cluster_make_folder()
{
	local folder

	[ -z "$(cluster_folder)" ] || return 0
	if [ -L "$RUN/pg" ]; then
		say "    $(readlink "$RUN/pg") is gone: a new cluster, filled again from the journal"
		rm "$RUN/pg"
	fi
	if is_root || [ ${#RUN} -gt 80 ]; then
		folder=$(mktemp -d /var/tmp/tsa-XXXXXX) && ln -s "$folder" "$RUN/pg"
	else
		folder=$RUN/pg && mkdir "$folder"
	fi || fail "cluster: needs a folder: cannot make one for $RUN/pg"
	# 0711: whoever knows the socket's name may knock; peer decides.
	chmod 711 "$folder" && { ! is_root || chown postgres: "$folder"; }
}

cluster_settings() # FOLDER
{
	cat <<-END

		# deploy/quickstart
		listen_addresses = ''
		port = $CLUSTER_PORT
		unix_socket_directories = '$1'
	END
}

cluster_write() # FILE: standard input becomes its end
{
	as_cluster tee -a "$1" >/dev/null
}

cluster_initdb() # FOLDER
{
	local new=$1/data.new

	as_cluster rm -rf "$new"
	as_cluster "$CLUSTER_BIN/initdb" -D "$new" -U postgres -A peer -E UTF8 --locale=C.UTF-8 -k ||
		return 1
	cluster_settings "$1" | cluster_write "$new/postgresql.conf" || return 1
	as_cluster tee "$new/pg_hba.conf" <<<'local all all peer map=tsa' || return 1
	as_cluster mv "$new" "$1/data"
}

# Who may be whom; read at each start, since an older one knew no user of the service.
cluster_who() # FOLDER
{
	local who role

	who=$(id -un)
	{
		for role in postgres tsa_service tsa_reader; do
			echo "tsa \"$who\" $role"
		done
		! is_root || echo "tsa \"$STATE_USER\" tsa_service"
	} | as_cluster tee "$1/data/pg_ident.conf" || return 1
	! cluster_running || as_cluster "$CLUSTER_BIN/pg_ctl" -D "$1/data" reload
}

cluster_running()
{
	local folder

	folder=$(cluster_folder)
	[ -n "$folder" ] && [ -x "$CLUSTER_BIN/pg_ctl" ] &&
		as_cluster "$CLUSTER_BIN/pg_ctl" -D "$folder/data" status >/dev/null 2>&1
}

# The server inherits a lock on its folder: systemd-tmpfiles leaves a locked folder under /var/tmp
# alone, however old its files are.
cluster_start() # FOLDER
{
	as_cluster flock -n "$1" "$CLUSTER_BIN/pg_ctl" -D "$1/data" -l "$1/postgresql.log" -w -t 60 start
}

cluster_sql() # DATABASE: statements on standard input
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$(cluster_folder)" -p "$CLUSTER_PORT" -U postgres \
		-d "$1"
}

cluster_conninfo() # USER
{
	echo "host=$(cluster_folder) port=$CLUSTER_PORT dbname=$CLUSTER_DATABASE user=$1"
}

cluster_database()
{
	cluster_sql postgres <<-END || return 1
		select 'create database $CLUSTER_DATABASE'
		where not exists (select from pg_database where datname = '$CLUSTER_DATABASE') \gexec
	END
	"$TOP/schema/apply" "$(cluster_conninfo postgres)"
}

# Logins: the service may add records, the reader sees everything and changes nothing.
cluster_logins()
{
	cluster_sql "$CLUSTER_DATABASE" <<-END
		select 'create role tsa_service login in role ts_writer'
		where not exists (select from pg_roles where rolname = 'tsa_service') \gexec
		select 'create role tsa_reader login in role ts_auditor'
		where not exists (select from pg_roles where rolname = 'tsa_reader') \gexec
		alter role tsa_reader set default_transaction_read_only = on;
		alter role tsa_reader set search_path = ledger;
	END
}

cluster()
{
	local folder

	step "PostgreSQL: a private cluster, run by user $(cluster_user)"
	cluster_make_folder
	folder=$(cluster_folder)
	[ -e "$folder/postgresql.log" ] || as_cluster touch "$folder/postgresql.log"
	as_cluster test -d "$folder/data" || logged initdb cluster_initdb "$folder"
	logged who cluster_who "$folder"
	cluster_running || logged postgresql-start cluster_start "$folder"
	logged schema cluster_database
	logged logins cluster_logins
	say "    socket in $folder, database $CLUSTER_DATABASE ($(elapsed))"
}

cluster_stop()
{
	cluster_running || return 0
	step "PostgreSQL: stopping"
	logged postgresql-stop as_cluster "$CLUSTER_BIN/pg_ctl" -D "$(cluster_folder)/data" -m fast \
		-w -t 60 stop
}

# After cluster_stop: removes the folder outside the run folder.
cluster_clean()
{
	local folder

	folder=$(cluster_folder)
	case $folder in
	/var/tmp/tsa-??????) rm -rf "$folder" ;;
	esac
}
