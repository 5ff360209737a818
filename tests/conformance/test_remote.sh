#!/bin/bash
# The conformance suite against a service of this build: RSA-3072 and P-256, and a test endpoint.
# Its lines are what the table at the end of deploy/test is made from.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

SUITE=$TSA_SOURCE/tests/conformance/run

conforms() # PATH ROOT [OPTIONS]
{
	say "-- $1"
	"$SUITE" "$URL$1" "$WORLD/$2" "${@:3}" || fail "conformance of $1: every case must pass"
}

# What the suite says where it cannot run, or where a rule is broken.
speaks_up()
{
	local said

	say '-- the suite itself'
	"$SUITE" --help >/dev/null || fail '--help: exit status: wanted 0'
	"$SUITE" "$ADMIN/" "$WORLD/root.pem" >"$WORLD/said" 2>&1
	equal 'a listener that gives no token: exit status' 3 $?
	said=$("$SUITE" "$URL/" "$WORLD/test-root.pem" --only P-02 2>&1)
	equal "another authority's anchor: exit status" 1 $?
	matches 'and says which case failed' 'FAIL P-02\+ .*openssl ts -verify' "$said"
	check '--only and --json' "$SUITE" "$URL/fast" "$WORLD/root.pem" --only P-08 --json "$WORLD/report"
	equal 'keeps each outcome' 3 "$(grep -c '"result": "pass"' "$WORLD/report")"
	"${SUITE%/*}/bend" "$URL/fast" "$WORLD/root.pem" || fail 'the suite: must find each bent answer'
}

world_new conformance
tsad_start
conforms / root.pem
conforms /fast root.pem
conforms /test test-root.pem --only P-07
speaks_up
lacks 'none met a bug' 'event=(bug|child_died)' "$(cat "$LOG")"
tsad_stop
