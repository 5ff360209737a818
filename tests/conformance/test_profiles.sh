#!/bin/bash
# Profiles etsi and csbr with real keys and certificates (T-17, C-05 to C-14, D7): what keeps the rules
# passes tsad --check and answers, what breaks one does not and the rule is named.  Their TSUs here are
# for tests, because for release a software token is refused (T-14).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

CSBR_POLICY=2.23.140.1.4.2

checked() # TEXT STATUS [REGEX]
{
	tsad_run --check
	equal "$1: tsad --check" "$2" "$STATUS"
	[ $# -lt 3 ] || matches "and names the rule: $3" "$3" "$(complaints)"
}

issue() # NAME POLICY [DAYS]
{
	check "a certificate for $1 with policy $2" ca_issue_tsu "$WORLD/ca/test" "$WORLD/$1.pub" \
		"TSU $1" "$2" "$WORLD/$1.pem" "${@:3}"
}

# [release] rfc3161 with rel; [fast] etsi, qualified, with ec; [test] csbr with tst.
write_profiles()
{
	conf_set tsad clock kernel
	conf_set fast profile etsi
	conf_set fast purpose test
	conf_set fast qualified yes
	conf_set test profile csbr
	conf_set test policies "$CSBR_POLICY"
}

# conforms PATH OPTIONS: the suite finds nothing at that endpoint.
conforms()
{
	"$TSA_SOURCE/tests/conformance/run" "$URL$1" "$WORLD/test-root.pem" "${@:2}" ||
		fail "conformance of $1: every case must pass"
}

clock() # good|lost
{
	printf '%s' "$1" >"$WORLD/clock.new" && mv "$WORLD/clock.new" "$WORLD/clock" ||
		fail "clock $1: cannot be set"
}

# With a clock that can be lost (tests/decoders/clock.c): what the kernel of the machine says of its
# own differs from one to the next.
start_with_clock()
{
	cp "$TSA_BUILD/tests/decoders/decoders_clock.so" "$WORLD/" || fail 'decoders_clock.so must be built'
	export TSA_TEST_CLOCK=$WORLD/clock LD_PRELOAD=$WORLD/decoders_clock.so
	export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 # R33
	clock good
	tsad_launch
	unset LD_PRELOAD
	tsad_ready
}

profiles_conform()
{
	say '-- etsi, qualified, and csbr'
	start_with_clock
	conforms /fast
	conforms /test --only C-05
	conforms /test --only C-14
	clock lost
	ask lost /fast -cert
	matches 'T-07- a clock that is not synchronised: timeNotAvailable' \
		"^the TSA.s time source is not available$" "$(reply_status lost)"
	clock good
	ask found /fast -cert
	equal 'T-07+ and one that is again' granted "$(reply_status found)"
	tsad_stop
}

world_new profiles
issue ec "$POLICY_EC"
issue tst "$CSBR_POLICY"
write_profiles
cp "$CONF" "$WORLD/good.conf"
checked 'C-05+ C-06+ C-08+ C-13+ C-14+ T-17+ etsi and csbr beside each other' 0
profiles_conform

say '-- what breaks a rule'
conf_set test tsus ec
checked 'T-17- a qualified TSU that answers another endpoint too' 1 'a TSU belongs to one endpoint'
cp "$WORLD/good.conf" "$CONF"
conf_set fast path /test
checked 'T-17- one path for qualified and others' 1 'an endpoint has a path of its own'
cp "$WORLD/good.conf" "$CONF"
conf_set release qualified yes
checked 'T-05- a qualified endpoint under another profile' 1 'T-05'
cp "$WORLD/good.conf" "$CONF"
conf_set tsad clock unchecked
checked 'T-07- a clock that nobody checks' 1 'T-07'
cp "$WORLD/good.conf" "$CONF"
conf_set test digests 'sha1, sha256'
checked 'C-01- SHA-1' 1 'P-07'
cp "$WORLD/good.conf" "$CONF"
issue tst "$POLICY_EC"
checked 'C-14- a certificate without the policy for time-stamps' 1 'C-14'
CA_TSU_MAX_DAYS=5000
issue tst "$CSBR_POLICY" 4200
checked 'C-08- a certificate of 138 months' 1 'C-08'
