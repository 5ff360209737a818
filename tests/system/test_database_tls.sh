#!/bin/bash
# PostgreSQL over TCP and TLS from the confined tsa-ledger: a host name, a passfile, a trust anchor,
# a client certificate, a service file, all by landlock and the allow-list; and a passfile that is
# replaced while the service runs.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# A CA of the database's own, the server's certificate for localhost, the login's.
make_certificates()
{
	local tls=$WORLD/tls name

	mkdir "$tls" && cd "$tls" || fail 'certificates: need a folder'
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-subj '/CN=database CA' -keyout ca.key -out ca.pem
		for name in localhost tsa_node; do
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
				-addext "subjectAltName=DNS:$name" -keyout "$name.key" -out "$name.csr" &&
				openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
					-days 2 -copy_extensions copy -out "$name.pem" || return 1
		done
	} >made.log 2>&1 || fail "certificates: $(cat made.log)"
	cd /
}

# The cluster of ledger_new, with TLS on a TCP port of this machine.
with_tls()
{
	local tls=$WORLD/tls

	check 'the cluster stops' pg_stop
	PGPORT=$((20000 + RANDOM % 10000))
	export PGPORT
	cp "$tls"/{localhost.pem,localhost.key,ca.pem} "$PG_DIR/data/"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$PG_DIR/data"/*.{pem,key}
	chmod 600 "$PG_DIR/data/localhost.key"
	pg_as_owner tee -a "$PG_DIR/data/postgresql.conf" >/dev/null <<-END
		listen_addresses = 'localhost'
		port = $PGPORT
		password_encryption = scram-sha-256
		ssl = on
		ssl_cert_file = 'localhost.pem'
		ssl_key_file = 'localhost.key'
		ssl_ca_file = 'ca.pem'
	END
	authentication scram-sha-256
	check 'and starts with TLS on TCP' pg_start
}

authentication() # METHOD
{
	pg_as_owner tee "$PG_DIR/data/pg_hba.conf" >/dev/null <<-END
		local all admin trust
		hostssl all tsa_node localhost $1
	END
}

new_password() # PASSWORD: whole, by its new name, as careful tools write it
{
	(umask 077 && printf 'localhost:*:*:tsa_node:%s\n' "$1" >"$WORLD/passfile.new") || return 1
	[ "$(id -u)" -ne 0 ] || chown "$TEST_USER:" "$WORLD/passfile.new" || return 1
	mv "$WORLD/passfile.new" "$WORLD/passfile"
}

# on_record TEXT NAME TLS: a token is issued and stands in PostgreSQL, shipped over TLS.
on_record()
{
	log_await ' event=database_connected ' >/dev/null || exit 1
	ask "$2" / -cert
	check "$1: a token verifies" verifies "$2" root.pem
	equal "$1: the ledger's connection is encrypted" "$3" "$(sql "
		select version || ' ' || coalesce(client_dn, '') from pg_stat_ssl join pg_stat_activity using (pid)
		where application_name = 'tsa-ledger'")"
	refuse "$1: landlock and the allow-list let it work" \
		grep -E ' event=child_died child=ledger .*signal=' "$LOG"
}

all_shipped()
{
	tsad_stop
	equal 'every token is on record' "$(journal_serials | wc -l)" \
		"$(sql 'select count(*) from ledger.record where kind = 0')"
}

password()
{
	say '-- a host name that nobody knows, one that is known; passfile, trust anchor'
	sql "alter role tsa_node password 'first'"
	new_password first
	conf_set tsad database "host=nowhere.invalid,localhost port=$PGPORT user=tsa_node dbname=ledger \
		sslmode=verify-full sslrootcert=$WORLD/tls/ca.pem passfile=$WORLD/passfile"
	tsad_start
	on_record password one 'TLSv1.3 '
}

# Landlock's rule is the old file's: only a new process can read the new one.
replaced_passfile()
{
	say '-- another password, the passfile replaced'
	log_mark
	sql "alter role tsa_node password 'second'"
	new_password second
	check 'the database stops' pg_stop
	check 'and starts' pg_start
	log_await " role=ledger event=confined_anew file=$WORLD/passfile " >/dev/null || exit 1
	say 'a new process of the ledger reads it'
	on_record 'another password' two 'TLSv1.3 '
	all_shipped
}

certificate()
{
	say '-- a service file, a client certificate'
	authentication 'cert clientcert=verify-full'
	check 'the database reads its rules' pg_as_owner "$pg_bin/pg_ctl" -s -D "$PG_DIR/data" reload
	cat >"$WORLD/services" <<-END
		[tsa]
		host=localhost
		port=$PGPORT
		dbname=ledger
		user=tsa_node
		sslmode=verify-full
		sslrootcert=$WORLD/tls/ca.pem
		sslcert=$WORLD/tls/tsa_node.pem
		sslkey=$WORLD/tls/tsa_node.key
	END
	chmod 600 "$WORLD/tls/tsa_node.key"
	conf_set tsad database service=tsa
	PGSERVICEFILE=$WORLD/services tsad_start
	on_record certificate three 'TLSv1.3 /CN=tsa_node'
	all_shipped
}

world_new tls
ledger_new
ledger_login
make_certificates
with_tls
password
replaced_passfile
certificate
