#!/bin/bash
# The conformance suite against a service of this build: RSA-3072 as it is by default, P-256 with every
# digest and the other side of every switch of tokens, genTime of 0 and 6 digits.
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
	said=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=${SUITE%/*} python3 -c \
		'import suite; print(suite.Outcome("P-22", "-", "x", "FAIL", "\x1b[2J\x9b\n\u202eé"))')
	equal "what steers a terminal is written out" 'FAIL P-22- x: \x1b[2J\x9b\n\u202eé' "$said"
	"${SUITE%/*}/bend" "$URL/fast" "$WORLD/root.pem" || fail 'the suite: must find each bent answer'
}

# Each TSU's tokens as they are not by default.
switch_tokens()
{
	conf_set fast digests 'sha256, sha384, sha512, sha3-256, sha3-384, sha3-512'
	conf_set ec signing_time yes
	conf_set ec algorithm_protection no
	conf_set ec tsa_name no
}

with_digits() # DIGITS REGEX OF THE FRACTION
{
	local endpoint

	say "-- genTime with $1 digits"
	for endpoint in release fast test; do
		conf_set "$endpoint" digits "$1"
	done
	conf_set ec accuracy_ms 2000
	tsad_start
	conforms /fast root.pem --only P-18
	ask digits /fast
	matches 'as many as configured' "^Time stamp: [A-Z][a-z]{2} +[0-9]+ [0-9:]{8}$2 [0-9]{4} GMT$" \
		"$(reply_text digits | grep '^Time stamp: ')"
	tsad_stop
}

world_new conformance
switch_tokens
tsad_start
conforms / root.pem
conforms /fast root.pem
speaks_up
lacks 'none met a bug' 'event=(bug|child_died)' "$(cat "$LOG")"
tsad_stop
with_digits 0 ''
with_digits 6 '(\.[0-9]{1,6})?'
