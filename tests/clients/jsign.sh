#!/bin/bash
# jsign: Authenticode signature with an RFC 3161 time-stamp.  It has no verifier: osslsigncode does it.
# Its default is the older Authenticode form, which is refused with words that help.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

JAR=$(printf '%s' "$INSTALL"/maven/jsign-*.jar)

sign() # OUT OPTIONS
{
	cp app.exe "$1" && java -jar "$JAR" --keystore "$SIGNER/signer.p12" --storetype PKCS12 \
		--storepass "file:$SIGNER/password" --tsaurl "$URL" --tsretries 1 --tsretrywait 1 \
		"${@:2}" "$1"
}

sign_and_verify() # DIGEST
{
	sign "$1.exe" --tsmode RFC3161 --alg "$1" && osslsigncode verify -CAfile "$SIGNER/root.pem" \
		-TSA-CAfile "$ANCHORS/root.pem" -in "$1.exe"
}

client "$(basename "$JAR" .jar | tr - ' ')"
for digest in SHA-256 SHA-384 SHA-512; do
	ok "$digest: signed with --tsmode RFC3161, verified" sign_and_verify "$digest"
	matches "$digest: the time-stamp is in it" 'imestamp.*ok' "$SAID"
done
reports 'SHA-1: badAlg is reported' 'hashAlgorithm .* is not accepted' \
	sign sha1.exe --tsmode RFC3161 --alg SHA-1
reports 'default mode: HTTP 400 is reported' 'HTTP error: 400' sign legacy.exe
