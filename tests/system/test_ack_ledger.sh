#!/bin/bash
# ack = ledger: a token leaves only when PostgreSQL has its record as well (D4), on the standby too
# where the server waits for one (R37).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# In PostgreSQL's records, by the serial number that openssl prints.
committed() # NAME
{
	local serial

	serial=$(openssl ts -reply -in "$WORLD/$1.tsr" -text 2>/dev/null |
		sed -n 's/^Serial number: 0x//p')
	[ ${#serial} -eq 24 ] || fail "$1: wanted a serial number of 96 bits, found '$serial'"
	sql "select count(*) from ledger.record where node_id = $((16#${serial:0:8}))
		and lease_id = $((16#${serial:8:8})) and ctr = $((16#${serial:16:8})) and kind = 0"
}

granted() # TEXT NAME
{
	ask "$2" /fast -cert
	check "$1" verifies "$2" root.pem
}

refused() # TEXT NAME REGEX
{
	ask "$2" /fast -cert
	equal "$1: HTTP status" 200 "$HTTP"
	matches "$1: systemFailure" 'system failure' "$(reply_status "$2")"
	matches "$1: in words" "$3" "$(reply_text "$2")"
}

# The page turns with the clock, of which no line in the log tells: it is asked again and again.
readyz_becomes() # STATUS
{
	local end=$((SECONDS + WAIT_S)) status=

	while [ "$SECONDS" -lt "$end" ]; do
		status=$(curl -sS --max-time 20 -o "$WORLD/readyz" -w '%{http_code}' "$ADMIN/readyz") ||
			fail "curl $ADMIN/readyz"
		[ "$status" != "$1" ] || return 0
	done
	fail "/readyz: wanted $1 within $WAIT_S s, found $status: $(cat "$WORLD/readyz")"
}

# Reads a value as superuser until it is as wanted.
sql_becomes() # WANTED STATEMENT
{
	local end=$((SECONDS + WAIT_S)) found=

	while [ "$SECONDS" -lt "$end" ]; do
		found=$(sql "$2")
		[ "$found" != "$1" ] || return 0
	done
	fail "psql: wanted '$1' within $WAIT_S s, found '$found': $2"
}

waiting_backend()
{
	printf '%s' "select coalesce(max(pid), 0) > 0 from pg_stat_activity
		where usename = 'tsa_node' and wait_event = 'SyncRep'"
}

needs_database()
{
	say '-- without a database there is nothing to wait for'
	conf_set tsad ack ledger
	tsad_run --check
	equal 'status' 1 "$STATUS"
	matches 'the finding names the rule' '\[tsad\] ack: D4: .* there is no database' "$(cat "$LOG")"
	conf_set tsad database "$LEDGER"
	tsad_run --check
	equal 'with one: status' 0 "$STATUS"
}

every_answer_is_committed()
{
	local i missing=0

	say '-- right after an answer PostgreSQL has the record'
	tsad_start
	for ((i = 0; i < 60; i++)); do
		ask "now$i" /fast -cert
		[ "$(committed "now$i")" = 1 ] || missing=$((missing + 1))
	done
	equal 'of 60 answers, each looked up at once: not committed' 0 "$missing"
	load /fast --clients 32 --requests 2000 --trust "$WORLD/root.pem" --out "$WORLD/all"
	equal 'and of 2000 under load, looked up at the end: not committed' '' "$(comm -23 \
		<(cut -d' ' -f1 "$WORLD/all" | sort) <(database_serials | sort))"
	readyz_becomes 200
	say '/readyz says 200'
}

stopped()
{
	say '-- PostgreSQL stops'
	log_mark
	check 'it is stopped' pg_stop immediate
	log_await ' event=database_away ' >/dev/null || exit 1
	readyz_becomes 503
	matches '/readyz says 503 and why' 'FAIL ledger: PostgreSQL away' "$(cat "$WORLD/readyz")"
	refused 'a request waits, then is refused' away 'committed'
	readyz_becomes 503
	# Two seconds after the loss requests are refused without a wait.
	matches 'and each endpoint' 'FAIL endpoint: fast: ledger: ack = ledger' "$(cat "$WORLD/readyz")"
	refused 'the next one at once' away2 'records cannot be committed'
	log_mark
	check 'it starts again' pg_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	readyz_becomes 200
	granted 'a request is granted' back
	equal 'and committed' 1 "$(committed back)"
}

ledger_killed()
{
	local pid

	say '-- kill -9 of tsa-ledger under load'
	pid=$(child_pid ledger) || exit 1
	load_begin /fast --clients 16 --requests 3000 --trust "$WORLD/root.pem" --out "$WORLD/killed"
	kill -KILL "$pid" || fail "tsa-ledger: pid $pid must run"
	load_end
	equal 'every request was granted' 0 "$STATUS"
	say "$SUMMARY"
	equal 'not committed' '' "$(comm -23 \
		<(cut -d' ' -f1 "$WORLD/killed" | sort) <(database_serials | sort))"
}

# What is configured: one standby that does not exist, so that every commit waits for it.
without_its_standby()
{
	local i

	say '-- a standby that PostgreSQL waits for is not there'
	sql 'alter system set max_wal_senders = 2'
	sql 'alter system set wal_level = replica'
	sql "alter system set synchronous_standby_names = 'nobody'"
	log_mark
	check 'PostgreSQL starts again with it' pg_stop
	check 'and is up' pg_start
	sql_becomes t "$(waiting_backend)"
	say 'tsa-ledger proves what is there before anything else: its commit waits'
	readyz_becomes 503
	refused 'nothing is answered' alone 'committed'

	say '-- and its wait is cancelled: a commit with success and a warning'
	for i in 1 2 3; do
		log_mark
		sql_becomes t "$(waiting_backend)"
		sql "select count(pg_cancel_backend(pid)) from pg_stat_activity
			where usename = 'tsa_node' and wait_event = 'SyncRep'" >/dev/null
		log_await ' event=database_notice .*sqlstate=01000' >/dev/null || exit 1
	done
	matches 'three times: taken for a failure' 'event=database_away .*R37' "$(tail -n 30 "$LOG")"
	refused 'still nothing is answered' cancelled 'committed'
	readyz_becomes 503
}

# Requests that wait while the insert itself, not a proof after a connection, is cut short.
cancelled_insert()
{
	local asker granted_before

	say '-- the wait of the very insert is cancelled'
	sql 'alter system reset synchronous_standby_names'
	sql 'select pg_reload_conf()' >/dev/null
	readyz_becomes 200
	granted 'without the standby it answers' reset
	equal 'and it is committed' 1 "$(committed reset)"
	sql "alter system set synchronous_standby_names = 'nobody'"
	sql 'select pg_reload_conf()' >/dev/null
	sql_becomes nobody "select setting from pg_settings where name = 'synchronous_standby_names'"
	granted_before=$(granted_total)
	log_mark
	ask cut /fast -cert &
	asker=$!
	sql_becomes t "$(waiting_backend)"
	equal 'its row is committed locally' t "$(sql "select exists (select from pg_stat_activity
		where usename = 'tsa_node' and query like 'insert into ledger.record%')")"
	sql "select count(pg_cancel_backend(pid)) from pg_stat_activity
		where usename = 'tsa_node' and wait_event = 'SyncRep'" >/dev/null
	log_await ' event=database_notice .*sqlstate=01000' >/dev/null || exit 1
	wait "$asker" || fail 'curl: must get an answer'
	matches 'the request gets no token: systemFailure' 'system failure' "$(reply_status cut)"
	equal 'granted meanwhile' "$granted_before" "$(granted_total)"
	sql 'alter system reset synchronous_standby_names'
	sql 'select pg_reload_conf()' >/dev/null
	readyz_becomes 200
	granted 'the standby is no longer asked for: it answers again' again
	equal 'and it is committed' 1 "$(committed again)"
}

# What the operator sets for synchronous_commit holds, but for off: that would be no commit.
operators_choice()
{
	say '-- without its standby, and synchronous_commit by the connection string'
	tsad_stop
	sql "alter system set synchronous_standby_names = 'nobody'"
	sql 'select pg_reload_conf()' >/dev/null
	sql_becomes nobody "select setting from pg_settings where name = 'synchronous_standby_names'"
	conf_set tsad database "\"$LEDGER options='-c synchronous_commit=local'\""
	tsad_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	granted 'local: the server alone is enough' local
	equal 'and it has it' 1 "$(committed local)"
	tsad_stop
	conf_set tsad database "\"$LEDGER options='-c synchronous_commit=off'\""
	tsad_start
	sql_becomes t "$(waiting_backend)"
	refused 'off: is on, and waits for the standby' off 'committed'
	tsad_kill

	say '-- ack = journal waits for neither'
	conf_set tsad ack journal
	conf_set tsad database "$LEDGER"
	tsad_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	granted 'a request is granted' journal
	sql 'alter system reset synchronous_standby_names'
	sql 'select pg_reload_conf()' >/dev/null
}

granted_total()
{
	curl -sS --max-time 20 "$ADMIN/metrics" | sed -n 's/^tsa_requests_total{result="granted".* //p'
}

# Serials (upper-case hex) of all token records.
database_serials()
{
	sql "select upper(lpad(to_hex(node_id), 8, '0') || lpad(to_hex(lease_id), 8, '0') ||
		lpad(to_hex(ctr), 8, '0')) from ledger.record where kind = 0"
}

# A backup put back under a running service: what was answered stays answered, SHIPPED goes back,
# and nothing leaves before all is there again.
restored()
{
	say '-- PostgreSQL is put back to an older state'
	check 'it stops' pg_stop
	check 'a backup' cp -a "$PG_DIR/data" "$PG_DIR/backup"
	check 'it starts' pg_start
	readyz_becomes 200
	load /fast --clients 16 --requests 500 --trust "$WORLD/root.pem" --out "$WORLD/lost"
	log_mark
	check 'it stops' pg_stop
	rm -rf "$PG_DIR/data"
	mv "$PG_DIR/backup" "$PG_DIR/data" || fail 'the backup must be put back'
	check 'and starts from the backup' pg_start
	readyz_becomes 200
	granted 'a request is granted' restored
	equal 'and committed' 1 "$(committed restored)"
	equal 'and so is what the backup did not have' '' "$(comm -23 \
		<(cut -d' ' -f1 "$WORLD/lost" | sort) <(database_serials | sort))"
}

world_new ack
ledger_new
ledger_login
needs_database
every_answer_is_committed
stopped
ledger_killed
restored
without_its_standby
cancelled_insert
operators_choice
tsad_stop
equal 'PostgreSQL has every record of the journal' "$(journal_dump | wc -l)" \
	"$(sql 'select count(*) from ledger.record')"
