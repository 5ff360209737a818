#!/bin/bash
# PostgreSQL may be away, but not for ever: when the oldest record that it does not have is older
# than max_unshipped_age nothing more is issued, until it has caught up (R8).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# The page turns with the clock, of which no line in the log tells: it is asked again and again.
readyz_becomes() # STATUS
{
	local end=$((SECONDS + WAIT_S)) status=

	while [ "$SECONDS" -lt "$end" ]; do
		status=$(curl -sS --max-time 20 -o "$WORLD/readyz" -w '%{http_code}' "$ADMIN/readyz") ||
			fail "curl $ADMIN/readyz"
		[ "$status" != "$1" ] || return 0
		sleep 0.1
	done
	fail "/readyz: wanted $1 within $WAIT_S s, found $status: $(cat "$WORLD/readyz")"
}

granted() # TEXT NAME
{
	ask "$2" /fast -cert
	check "$1" verifies "$2" root.pem
}

with_database()
{
	say '-- PostgreSQL is there'
	tsad_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	granted 'a request is granted' before
	readyz_becomes 200
	say 'and /readyz says 200'
}

away()
{
	local endpoint

	say '-- PostgreSQL is away'
	log_mark
	check 'it is stopped' pg_stop immediate
	log_await ' event=database_away .*max_unshipped_age_s=5 ' >/dev/null || exit 1
	granted 'a request is granted: the journal keeps it' away
	readyz_becomes 503
	matches '/readyz says 503 and why' 'max_unshipped_age 5 s' "$(cat "$WORLD/readyz")"
	for endpoint in / /fast /test; do
		ask refused "$endpoint" -cert
		equal "$endpoint: HTTP status" 200 "$HTTP"
		matches "$endpoint: refused: systemFailure" 'system failure' "$(reply_status refused)"
		matches "$endpoint: in words" 'waited too long for the ledger' "$(reply_text refused)"
	done
}

back()
{
	say '-- PostgreSQL is back'
	log_mark
	check 'it starts again' pg_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	readyz_becomes 200
	say '/readyz says 200'
	granted 'a request is granted' after
	tsad_stop
	equal 'PostgreSQL has every record of the journal' "$(journal_dump | wc -l)" \
		"$(sql 'select count(*) from ledger.record')"
	equal 'three of them tokens: what was refused left none' 3 \
		"$(sql 'select count(*) from ledger.record where kind = 0')"
}

world_new unshipped
ledger_new
ledger_login
conf_set tsad database "$LEDGER"
conf_set tsad max_unshipped_age 5
with_database
away
back
