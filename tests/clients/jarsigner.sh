#!/bin/bash
# jarsigner -tsa: a JAR signed, time-stamped and verified with -strict.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

sign() # OUT OPTIONS...
{
	jarsigner -keystore "$SIGNER/signer.p12" -storepass:file "$SIGNER/password" -tsa "$URL" \
		"${@:2}" -signedjar "$1" app.jar signer
}

verify() # FILE
{
	jarsigner -verify -strict -verbose -certs -keystore trust.p12 -storepass "$password" "$1"
}

sign_and_verify() # OUT OPTIONS...
{
	sign "$@" && verify "$1"
}

trust()
{
	local alias

	for alias in "$SIGNER/root.pem" "$ANCHORS/root.pem"; do
		keytool -importcert -noprompt -keystore trust.p12 -storepass "$password" \
			-alias "${alias//\//-}" -file "$alias" || return 1
	done
}

client "OpenJDK $(java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')"
password=$(openssl rand -hex 12)
ok 'a JAR' jar --create --file app.jar doc.pdf
ok 'anchors' trust
for digest in SHA-256 SHA-384 SHA-512; do
	ok "$digest: signed and verified -strict" sign_and_verify "$digest.jar" -tsadigestalg "$digest"
	matches "$digest: the time-stamp is in it" '[Tt]imestamp(ed| signed) by' "$SAID"
done
matches 'nothing to warn about' 'jar verified\.' "$SAID"
ok '-tsapolicyid' sign_and_verify policy.jar -tsapolicyid "$(cat "$ANCHORS/policy")"
embedded()
{
	"$TSA_BUILD/bin/tsa-verify" --trust "$ANCHORS/root.pem" --embedded "$@"
}

# Our own verifier over what another put in the JAR.
ok 'tsa-verify --embedded' embedded SHA-256.jar SHA-384.jar SHA-512.jar
matches 'tsa-verify: three time-stamps' '3 PASSED, 0 FAILED, 0 INDETERMINATE' "$SAID"
reports 'does not survive a revocation yesterday' 'does not survive' embedded \
	--signed-cert "$SIGNER/cert.pem" --revoked-at "$(date -u -d yesterday +%Y-%m-%d)" SHA-256.jar
reports 'SHA-1: badAlg is reported' 'Unrecognized or unsupported algorithm identifier' \
	sign sha1.jar -tsadigestalg SHA-1
reports 'foreign policy: is reported' 'policy' sign foreign.jar -tsapolicyid 1.2.3.4
