# shellcheck shell=bash disable=SC2034,SC2154
# The world of the decoder tests: to be sourced after tests/system/lib.sh.  One time-stamping unit
# for each kind of key and digest, and the three services that give each of them every switch.

DECODERS=$TSA_SOURCE/tests/decoders
POLICY=1.3.6.1.4.1.32473.2.1
POLICY_ASKED=1.3.6.1.4.1.32473.2.2
POLICY_ASKED_HEX=2b0601040181fd590202

DIGESTS='sha256, sha384, sha512, sha3-256, sha3-384, sha3-512'

# Name and kind of key; digest of certificate and tokens.
UNITS='rsa2048 sha256
rsa3072 sha384
rsa4096 sha512
p256 sha256
p384 sha384
p521 sha512
soft sha256'

make_key() # NAME
{
	local uri="pkcs11:token=tsa-test;object=$1"

	case $1 in
	rsa2048 | p521)
		"$TOOLS/tsa-decoders-key" "$(cat "$WORLD/module")" "$WORLD/pin" "$uri" "$1" \
			>"$WORLD/$1.pub" || fail "key $1: cannot be made"
		;;
	soft)
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$WORLD/soft.key" \
			2>/dev/null && openssl pkey -in "$WORLD/soft.key" -pubout -out "$WORLD/soft.pub" ||
			fail "key $1: openssl cannot make it"
		;;
	*)
		"$PROGRAMS/bin/tsa-key" generate --module "$(cat "$WORLD/module")" \
			--pin-file "$WORLD/pin" --key "$uri" --type "$1" \
			--public-key "$WORLD/$1.pub" >/dev/null || fail "key $1: tsa-key cannot make it"
		;;
	esac
}

# NAME.pem: leaf and intermediate; NAME-root.pem: and the root.
make_units()
{
	local name digest

	# shellcheck source=deploy/ca.sh
	. "$TSA_SOURCE/deploy/ca.sh"
	ca_new "$WORLD/ca/units" units http://127.0.0.1:3161 p256 || fail 'certificates: no CA'
	while read -r name digest; do
		make_key "$name"
		ca_issue_tsu "$WORLD/ca/units" "$WORLD/$name.pub" "TSU $name" $POLICY \
			"$WORLD/$name.pem" '' "$digest" || fail "certificates: none for $name"
		cat "$WORLD/$name.pem" "$WORLD/ca/units/root.pem" >"$WORLD/$name-root.pem"
	done <<<"$UNITS"
}

# Accuracies that fit the digits (R28): seconds, milliseconds, both.
declare -A ACCURACY_MS=([3]=1000 [6]=750 [0]=2500)
# The services, by the digits of their times: the number of the first set of switches.
declare -A FIRST_SET=([3]=11 [6]=2 [0]=9)
SWITCHES='tsa_name signing_time algorithm_protection include_root'
# The words for them in the list of cases (case.h).
declare -A WANTED=([tsa_name]=tsa [signing_time]=time [algorithm_protection]=protection
	[include_root]=root)

# Under etsi tokens may be qualified; a key in a file may not be (D6).
is_qualified() # NAME DIGITS
{
	[ "$2" = 6 ] && [ "$1" != soft ]
}

# "SWITCH yes|no" for each.  Unit by unit and service by service the sets are counted through, so
# that each of the 16 comes up, and the last has all.
switches() # NAME DIGITS
{
	local set switch row

	row=$(awk -v name="$1" '$1 == name { print NR - 1 }' <<<"$UNITS")
	set=$(((FIRST_SET[$2] + row) % 16))
	for switch in $SWITCHES; do
		printf '%s %s\n' "$switch" "$([ $((set & 1)) -eq 1 ] && echo yes || echo no)"
		set=$((set >> 1))
	done
}

# What a token of the unit has, in the words of case.h.
wanted() # NAME DIGITS
{
	local switch value

	printf 'digits%s' "$2"
	! is_qualified "$1" "$2" || printf ' qualified'
	while read -r switch value; do
		[ "$value" = no ] || printf ' %s' "${WANTED[$switch]}"
	done < <(switches "$1" "$2")
}

# The certificate file ends with the root, which tokens leave out unless include_root says otherwise.
unit_conf() # NAME DIGITS
{
	printf '\n[%s]\ncertificate = %s/%s-root.pem\naccuracy_ms = %s\nlanes = 1\n' "$1" "$WORLD" \
		"$1" "${ACCURACY_MS[$2]}"
	switches "$1" "$2" | sed 's/ / = /'
	if [ "$1" = soft ]; then
		printf 'key = file:%s/soft.key\nallow_software_key = yes\n' "$WORLD"
	else
		printf 'key = pkcs11:token=tsa-test;object=%s\nmodule = %s\npin_file = %s/pin\n' "$1" \
			"$(cat "$WORLD/module")" "$WORLD"
	fi
}

endpoint_conf() # NAME DIGITS
{
	printf '\n[at-%s]\npath = /%s\npurpose = test\ntsus = %s\n' "$1" "$1" "$1"
	printf 'policies = %s, %s\ndigests = %s\ndigits = %s\n' $POLICY $POLICY_ASKED "$DIGESTS" "$2"
	if is_qualified "$1" "$2"; then
		printf 'profile = etsi\nqualified = yes\n'
	else
		printf 'profile = rfc3161\n'
	fi
	unit_conf "$1" "$2"
}

# One endpoint for each unit, at its name.
service_conf() # DIGITS
{
	local name rest

	cat <<-END
		[tsad]
		listen = 127.0.0.1:0
		endpoints = $(awk '{ print "at-" $1 }' <<<"$UNITS" | paste -sd ,)
		user = $TEST_USER
		journal = $WORLD/journal
		clock = kernel
	END
	while read -r name rest; do
		endpoint_conf "$name" "$1"
	done <<<"$UNITS"
}

CLOCK=$TSA_BUILD/tests/decoders/decoders_clock.so
export TSA_TEST_CLOCK

# What time tsad's clock says (clock.c).
clock() # good|lost|late
{
	TSA_TEST_CLOCK=$WORLD/clock
	printf '%s' "$1" >"$WORLD/clock.new" && mv "$WORLD/clock.new" "$WORLD/clock" ||
		fail "clock $1: cannot be set"
}

# Another certificate of unit soft, as long as its own and with the same key, issuer and serial.
other_certificate() # OUT SED-SCRIPT: what is to be different
{
	local out=$1 tries ca=$WORLD/ca/units serial length

	serial=$(openssl x509 -in "$WORLD/soft.pem" -noout -serial) || fail 'soft.pem: no certificate'
	length=$(ca__der_size "$WORLD/soft.pem")
	ca__tsu_extensions units http://127.0.0.1:3161 $POLICY "$(ca__use_until 3652)" |
		sed "$2" >"$ca/other.cnf"
	# An ECDSA signature has one of a few lengths.
	for tries in {1..40}; do
		openssl x509 -new -force_pubkey "$WORLD/soft.pub" -sha256 -days 3652 \
			-subj "/C=$CA_COUNTRY/O=$CA_ORGANIZATION/CN=TSU soft" -CA "$ca/issuing.pem" \
			-CAkey "$ca/issuing.key" -set_serial "0x${serial#serial=}" \
			-extfile "$ca/other.cnf" -extensions tsu -out "$WORLD/$out" 2>/dev/null ||
			fail "$out: openssl x509 failed"
		[ "$(ca__der_size "$WORLD/$out")" != "$length" ] || return 0
	done
	fail "$out: must have $length bytes: had not in $tries tries"
}
