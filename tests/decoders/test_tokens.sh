#!/bin/bash
# Every kind of token that the service issues, and every refusal, read by verifiers that share no
# code: OpenSSL, BouncyCastle, GnuTLS with libtasn1; and by dumpasn1.  Then forgeries, which each
# of them must refuse.  The last lines are a table: kind of answer, how many each verifier accepts.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
. "$TSA_SOURCE/tests/decoders/world.sh"
. "$TSA_SOURCE/tests/decoders/verdicts.sh"

ANSWERS=$TEST_DIR/answers

# One token of each unit by openssl's own commands, as a person would.
commands() # DIGITS
{
	local unit name query answer root chain wants kind

	while read -r unit _; do
		IFS=$'\t' read -r name query answer root chain wants kind \
			<<<"$(grep -m 1 "^$unit-$1-.*[[:blank:]]$unit-$1 cert" "$ANSWERS/cases")"
		check "$unit: openssl ts -verify" openssl ts -verify -queryfile "$query" -in "$answer" \
			-CAfile "$root"
		check "$unit: openssl ts -reply" openssl ts -reply -in "$answer" -token_out \
			-out "$ANSWERS/token"
		check "$unit: openssl cms -verify" openssl cms -verify -inform DER -in "$ANSWERS/token" \
			-binary -purpose timestampsign -CAfile "$root" -out "$ANSWERS/content"
	done <<<"$UNITS"
}

# Sends the requests that are listed in ANSWERS/curl.
send()
{
	sed -i '$d' "$ANSWERS/curl" # "next" after the last
	curl -sS --max-time 300 -K "$ANSWERS/curl" 2>"$ANSWERS/curl.err" ||
		fail "curl: $(head -n 3 "$ANSWERS/curl.err")"
	rm "$ANSWERS/curl"
}

# Asks every unit of a service with these digits for every combination.
tokens() # DIGITS full|some
{
	local name digest

	service_conf "$1" >"$CONF"
	clock good
	LD_PRELOAD=$CLOCK tsad_start
	while read -r name digest; do
		"$TOOLS/tsa-decoders-requests" "$ANSWERS" "$name-$1" "$URL/$name" \
			"$WORLD/ca/units/root.pem" "$WORLD/$name.pem" \
			"$(wanted "$name" "$1")" $POLICY_ASKED_HEX "$2" || fail "$name: requests: cannot be made"
	done <<<"$UNITS"
	send
	say "$1 digits: $(wc -l <"$ANSWERS/cases") answers so far, after $SECONDS s"
}

# refused FAILINFO BIT NAME: what the service said to NAME.tsq.
refused()
{
	post "$3" /p256
	printf '%s\t%s\t%s\t-\t-\trefused:%d\trefused: %s\n' "$3" "$WORLD/$3.tsq" "$WORLD/$3.tsr" \
		"$2" "$1" >>"$ANSWERS/cases"
}

# query NAME SED-SCRIPT: NAME.tsq is a good request, changed in hexadecimal.
query()
{
	xxd -p -c 256 "$ANSWERS/p256-0-000.tsq" | sed "$2" | xxd -r -p >"$WORLD/$1.tsq"
}

refusals()
{
	local extension=a012301006092b0601040181fd59010403020101

	openssl ts -query -sha1 -digest "$(printf '%040d' 0)" -out "$WORLD/sha1.tsq" 2>/dev/null &&
		openssl ts -query -sha256 -digest "$(printf '%064d' 0)" -tspolicy 1.2.3 \
			-out "$WORLD/policy.tsq" 2>/dev/null || fail 'query: openssl ts must make it'
	query version 's/^\(30..0201\)01/\102/'
	query cut 's/..$//'
	query extension "s/^3034/3048/; s/\$/$extension/"
	query lost ''
	query late ''
	refused badAlg 0 sha1
	refused badRequest 2 version
	refused badDataFormat 5 cut
	refused unacceptedPolicy 15 policy
	refused unacceptedExtension 16 extension
	clock lost
	refused timeNotAvailable 14 lost
	clock late
	refused systemFailure 25 late
	"$TOOLS/tsa-decoders-refusal" "$ANSWERS" "$WORLD/late.tsq" >>"$ANSWERS/cases" ||
		fail 'refusals: cannot be encoded'
}

# What can be done to a token of unit soft: the thirteenth request has certReq, a policy and a nonce
# of 64 bits.
forgeries()
{
	local name query answer root chain wants kind

	other_certificate twin.pem 's/32473\.2\.1$/32473.2.3/'
	other_certificate coder.pem 's/timeStamping$/codeSigning/'
	IFS=$'\t' read -r name query answer root chain wants kind \
		<<<"$(grep '^soft-0-.*[[:blank:]]soft-0 cert' "$ANSWERS/cases" | sed -n 13p)"
	"$TOOLS/tsa-decoders-forge" "$ANSWERS" "$query" "$answer" "$root" "$chain" "$wants" \
		"$WORLD/soft.key" "$WORLD/soft.pem" "$WORLD/twin.pem" "$WORLD/coder.pem" \
		>>"$ANSWERS/cases" || fail 'forgeries: cannot be made'
	printf '%s\t%s\t%s\t%s\t%s\t%s\tforged: %s\n' \
		other-root "$query" "$answer" "$WORLD/root.pem" "$chain" "$wants" other-root \
		other-query "$WORLD/late.tsq" "$answer" "$root" "$chain" "$wants" other-query \
		>>"$ANSWERS/cases"
}

world_new decoders
mkdir "$ANSWERS"
make_units
say "keys and certificates, after $SECONDS s"
tokens 3 full
tsad_stop
tokens 6 some
tsad_stop
tokens 0 some
refusals
tsad_stop
commands 3
forgeries
verify_all
say "verdicts after $SECONDS s"
table
WRONG=$(wrong_verdicts)
[ -z "$WRONG" ] || fail "verdicts: $(wc -l <<<"$WRONG") are wrong: $(head -n 20 <<<"$WRONG")"
say "all verdicts are as they must be"
