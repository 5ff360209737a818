# A private PostgreSQL cluster for one test; to be sourced by bash.
#
#   PG_DIR=$(pg_folder)   a new short folder of its owner (a socket's path ends at 107 bytes)
#   pg_init               makes the cluster there, superuser "admin", trust on its Unix socket
#   pg_start, pg_stop [MODE], pg_crash, pg_remove
#   eval "$(pg_environment)"   PGHOST, PGPORT, PGUSER, PGDATABASE for psql and libpq
#
# No TCP; started by root it runs as user postgres (R25).  Every wait has an end.  The server is
# stopped by its pid; no other cluster is touched.

pg_bin=${PG_BIN:-}
if [ -z "$pg_bin" ]; then
	for pg_bin in /usr/lib/postgresql/*/bin; do :; done
fi

# Runs a command as the owner of the cluster, from a folder it can enter.
pg_as_owner()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
	else
		(cd / && "$@")
	fi
}

pg_folder()
{
	local folder

	folder=$(mktemp -d /var/tmp/tsa-test.XXXXXX) || return 1
	chmod 711 "$folder" || return 1
	[ "$(id -u)" -ne 0 ] || chown postgres: "$folder" || return 1
	printf '%s\n' "$folder"
}

# PG_FSYNC=on makes commits durable, for measuring; tests crash the server, never the machine.
pg_init()
{
	pg_as_owner "$pg_bin/initdb" -D "$PG_DIR/data" -U admin --auth=trust --encoding=UTF8 \
		--locale=C --no-sync >"$PG_DIR.initdb.log" 2>&1 || {
		cat "$PG_DIR.initdb.log" >&2
		return 1
	}
	rm -f "$PG_DIR.initdb.log"
	pg_as_owner tee -a "$PG_DIR/data/postgresql.conf" >/dev/null <<END
listen_addresses = ''
unix_socket_directories = '$PG_DIR'
max_connections = 30
shared_buffers = 64MB
fsync = ${PG_FSYNC:-off}
max_wal_senders = 0
wal_level = minimal
END
}

pg_environment()
{
	printf 'export PGHOST=%q PGPORT=5432 PGUSER=admin PGDATABASE=postgres\n' "$PG_DIR"
	printf 'unset PGSERVICE PGSERVICEFILE PGOPTIONS PGPASSFILE\n'
}

pg_start()
{
	pg_as_owner "$pg_bin/pg_ctl" -s -w -t 60 -D "$PG_DIR/data" -l "$PG_DIR/log" start \
		</dev/null >/dev/null || {
		cat "$PG_DIR/log" >&2
		return 1
	}
}

# MODE: fast (default), smart, immediate (as after a power cut: recovery at the next start).
pg_stop()
{
	[ -e "$PG_DIR/data/postmaster.pid" ] || return 0
	pg_as_owner "$pg_bin/pg_ctl" -s -w -t 60 -D "$PG_DIR/data" -m "${1:-fast}" stop >/dev/null
}

# kill -9 of the server and of every process of it, and waits until they are gone.
pg_crash()
{
	local pid children child i

	read -r pid <"$PG_DIR/data/postmaster.pid" || return 1
	children=$(cat "/proc/$pid/task/$pid/children")
	# shellcheck disable=SC2086 # a list of pids
	kill -KILL "$pid" $children
	for child in $pid $children; do
		for ((i = 0; i < 300; i++)); do
			kill -0 "$child" 2>/dev/null || break
			sleep 0.1
		done
	done
}

pg_remove()
{
	pg_stop immediate
	rm -rf -- "${PG_DIR:?}"
}
