#!/bin/bash
# tsa-verify over tokens of the running service: clean under every profile, whatever the switches
# are; what is wrong is told with its ID (P-08 to P-30; R36).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

VERIFY=$PROGRAMS/bin/tsa-verify
CSBR_POLICY=2.23.140.1.4.2

verify() # ARGUMENTS: sets STATUS and SAID
{
	SAID=$(timeout -k 5 "$WAIT_S" "$VERIFY" "$@" 2>&1 </dev/null)
	STATUS=$?
	[ "$STATUS" -ne 124 ] || fail "tsa-verify $*: must end by itself: still runs"
}

# clean NAME [OPTIONS]: the response keeps every rule, also as an answer to its request.
clean()
{
	local name=$1 profile

	shift
	for profile in rfc3161 etsi csbr; do
		verify --lint --profile "$profile" --query "$WORLD/$name.tsq" "$@" "$WORLD/$name.tsr"
		[ "$STATUS" -eq 0 ] || fail "$name: must be clean under $profile: $SAID"
		[[ $SAID != *'not applied'* ]] || fail "$name: every rule must be applied: $SAID"
	done
	say "$name: clean under rfc3161, etsi and csbr"
}

# finds TEXT STATUS REGEX ARGUMENTS: what it says of them.
finds()
{
	local text=$1 status=$2 regex=$3

	shift 3
	verify "$@"
	equal "$text: status" "$status" "$STATUS"
	matches "$text" "$regex" "$SAID"
}

# Certificates that keep the rules of csbr as well: C-14 wants this policy in them.
certificates()
{
	local name

	for name in rel ec; do
		check "a certificate for $name under $CSBR_POLICY" ca_issue_tsu "$WORLD/ca/release" \
			"$WORLD/$name.pub" "TSU $name" "$CSBR_POLICY" "$WORLD/$name.pem"
	done
}

# What every endpoint's tokens may look like.
kinds() # PREFIX
{
	local name endpoint digest path root=$WORLD/root.pem

	for endpoint in rel ec; do
		path=$([ $endpoint = rel ] && echo / || echo /fast)
		for digest in sha256 sha384 sha512; do
			name=$1-$endpoint-$digest
			ask "$name" "$path" "-$digest" -cert
			clean "$name" --untrusted "$root"
		done
		ask "$1-$endpoint-bare" "$path" -no_nonce
		clean "$1-$endpoint-bare" --untrusted "$WORLD/$endpoint.pem"
	done
}

# What can be asked that is not usual: no parameters of the digest, a negative nonce, a policy.
odd_requests()
{
	printf '3046020101302f300b0609608648016503040201042000010203040506070809%s0210ff7f%s' \
		0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 0102030405060708090a0b0c0d0e |
		xxd -r -p >"$WORLD/odd.tsq"
	post odd /
	clean odd --untrusted "$WORLD/rel.pem"
	ask policy / -cert -tspolicy "$POLICY_SECOND"
	clean policy
	ask no-nonce / -cert -no_nonce
	clean no-nonce
}

switched()
{
	local name

	for name in rel ec; do
		conf_set $name tsa_name no
		conf_set $name signing_time yes
		conf_set $name algorithm_protection no
	done
	cat "$WORLD/ec.pem" "$WORLD/root.pem" >"$WORLD/ec-root.pem"
	conf_set ec certificate "$WORLD/ec-root.pem"
	conf_set ec include_root yes
}

refusals()
{
	ask refused / -sha1
	finds 'a refusal is clean' 0 '1 files, 0 with findings' --lint "$WORLD/refused.tsr"
	finds 'its reason is shown' 0 'badAlg \(bit 0\)' --show "$WORLD/refused.tsr"
}

# The token alone, in DER and in PEM; BER and trailing bytes are findings.
forms()
{
	local file=$WORLD/kept-rel-sha256

	openssl ts -reply -in "$file.tsr" -token_out -out "$file.der" 2>/dev/null || fail 'token_out'
	finds 'P-30: a bare token' 0 '0 findings' --lint "$file.der"
	openssl pkcs7 -inform DER -in "$file.der" -out "$file.pem" || fail 'pkcs7'
	finds 'a token in PEM' 0 '0 findings' --lint "$file.pem"
	(cat "$file.tsr" && printf x) >"$file.longer"
	finds 'P-30: a byte behind' 1 'P-30: .*: 1 bytes follow' --lint "$file.longer"
	# 30 82 and two octets of length become 30 80 and end-of-contents octets.
	(printf '\x30\x80' && tail -c +5 "$file.der" && printf '\0\0') >"$file.ber"
	finds 'P-30: BER is a finding, not an error' 1 \
		'offset 0: X\.690 10\.1: indefinite length'$'\n''rfc3161: 1 files, 1 with findings, 1 findings' \
		--lint "$file.ber"
	finds 'several files, the worst counts' 1 '2 files, 1 with findings, 1 findings: P-30 in 1' \
		--lint "$file.tsr" "$file.longer"
	"$VERIFY" --lint - <"$file.tsr" >"$WORLD/said" || fail "standard input: $(cat "$WORLD/said")"
	say 'standard input'
}

others()
{
	local file=$WORLD/kept-rel-sha256 last

	ask other / -sha256 -cert
	finds 'P-09 and P-16: the answer to another request' 1 'P-09: .*P-16: ' --lint \
		--query "$WORLD/other.tsq" "$file.tsr"
	finds 'P-10: certificates that were not asked for' 1 'P-10: .*certReq is FALSE' --lint \
		--query "$WORLD/kept-rel-bare.tsq" "$file.tsr"
	finds 'P-10: none, though asked for' 1 'P-10: .*certReq is TRUE' --lint \
		--query "$file.tsq" "$WORLD/kept-rel-bare.tsr"
	finds 'rules that need a certificate are counted' 0 'rules not applied' --lint \
		"$WORLD/kept-rel-bare.tsr"
	# The signature is what comes last.
	last=$(tail -c 1 "$file.tsr" | xxd -p)
	(head -c -1 "$file.tsr" && printf '%b' "\\x$(printf '%02x' $((0x$last ^ 1)))") >"$file.changed"
	finds 'P-24: a changed octet' 1 'P-24: ' --lint "$file.changed"
}

# A CRL of the CA of the tests: first as it is, then with the signer revoked (P-27).
revoked()
{
	local file=$WORLD/kept-rel-sha256

	finds 'the published CRL has nothing against it' 0 '0 findings$' --lint \
		--crl "$WORLD/publish/release-issuing.crl" "$file.tsr"
	finds "a CRL of another authority covers nobody" 0 'no CRL covers the signer of 1' --lint \
		--crl "$WORLD/publish/test-issuing.crl" "$file.tsr"
	finds 'a file that is no CRL: status 3' 3 '--crl|must be a CRL' --lint --crl "$file.tsq" \
		"$file.tsr"
	ca_revoke cessationOfOperation
	finds 'P-27: tokens before the end stand' 0 '0 findings$' --lint --crl "$WORLD/revoked.crl" \
		"$file.tsr"
	ca_revoke keyCompromise
	finds 'P-28: a stolen key needs proof' 1 'P-28: .*needs ledger proof' --lint \
		--crl "$WORLD/revoked.crl" "$file.tsr"
	ca_revoke unspecified
	finds 'P-27: no reason, no token' 1 'P-27: .*all tokens of this key are invalid' --lint \
		--crl "$WORLD/revoked.crl" "$file.tsr"
}

# revoked.crl: the issuing CA revokes rel's certificate, from tomorrow on. openssl ca writes no
# reasonCode for unspecified.
ca_revoke() # REASON
{
	local serial when

	serial=$(openssl x509 -in "$WORLD/rel.pem" -noout -serial) || fail 'serial'
	when=$(date -u -d tomorrow +%y%m%d%H%M%SZ)
	[ "$1" = unspecified ] || when=$when,$1
	printf 'R\t491231235959Z\t%s\t%s\tunknown\t/CN=TSU rel\n' "$when" "${serial#serial=}" \
		>"$WORLD/index.txt"
	: >"$WORLD/index.txt.attr"
	printf '[ca]\ndefault_ca = one\n[one]\ndatabase = %s\ndefault_md = sha256\n%s\n' \
		"$WORLD/index.txt" 'default_crl_days = 30' >"$WORLD/ca.cnf"
	openssl ca -config "$WORLD/ca.cnf" -gencrl -keyfile "$WORLD/ca/release/issuing.key" \
		-cert "$WORLD/ca/release/issuing.pem" -out "$WORLD/revoked.crl" 2>"$WORLD/said" ||
		fail "openssl ca -gencrl: $(cat "$WORLD/said")"
}

show()
{
	local file=$WORLD/kept-rel-sha256 json

	verify --show "$file.tsr"
	equal '--show: status' 0 "$STATUS"
	matches 'policy' "policy: $POLICY_RELEASE" "$SAID"
	matches 'serial number' "serialNumber: 0x0*$(reply_text kept-rel-sha256 |
		sed -n 's/^Serial number: 0x0*//p' | head -n 1)" "$SAID"
	matches 'who signed' 'isSigner: yes' "$SAID"
	matches 'signed attributes' 'signingCertificateV2' "$SAID"
	json=$("$VERIFY" --show --json "$file.tsr") || fail "--show --json: $json"
	matches 'the same as JSON' '"statusName":"granted"' "$json"
	json=$("$VERIFY" --lint --json "$file.tsr") || fail "--lint --json: $json"
	matches 'JSON: no findings' '"findings":\[\]' "$json"
	matches 'JSON: a summary' '"filesWithFindings":0' "$json"
}

usage()
{
	finds 'nothing to do: status 3' 3 '--trust: must be given' "$WORLD/module"
	finds 'no file: status 3' 3 'FILE: must be given' --lint
	finds 'a file that is not there: status 3' 3 'cannot be read' --lint "$WORLD/no-such-file"
	finds 'an unknown profile: status 3' 3 'must be rfc3161, etsi or csbr' --lint \
		--profile x "$WORLD/module"
	finds 'what steers a terminal is escaped' 3 'is \\u\{1b\}\[2J' --lint --profile $'\e[2J' \
		"$WORLD/module"
	finds 'a query that is none: status 3' 3 'must be a TimeStampReq' --lint \
		--query "$WORLD/module" "$WORLD/module"
	finds 'what is no token is a finding' 1 'P-30: ' --lint "$WORLD/module"
	finds '--help' 0 '^usage: tsa-verify' --help
	finds '--version' 0 '^tsa-verify [0-9]' --version
}

world_new lint
certificates
tsad_start
kinds kept
odd_requests
refusals
forms
others
revoked
show
usage
tsad_stop
switched
for digits in 0 6; do
	for endpoint in release fast test; do
		conf_set $endpoint digits $digits
	done
	tsad_start
	kinds "digits-$digits"
	tsad_stop
done
