#!/bin/bash
# osslsigncode: Authenticode signature of a program, time-stamped (-ts), verified.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

sign() # DIGEST OUT OPTIONS...
{
	rm -f "$2"
	osslsigncode sign -pkcs12 "$SIGNER/signer.p12" -readpass "$SIGNER/password" -h "$1" \
		"${@:3}" -in app.exe -out "$2"
}

verify() # FILE
{
	osslsigncode verify -CAfile "$SIGNER/root.pem" -TSA-CAfile "$ANCHORS/root.pem" -in "$1"
}

sign_and_verify() # DIGEST
{
	sign "$1" "$1.exe" -ts "$URL" && verify "$1.exe"
}

client "$(osslsigncode --version | head -n 1 | grep -oE 'osslsigncode[ ,0-9.]*[0-9]' | tr -d ,)"
for digest in sha256 sha384 sha512; do
	ok "$digest: signed with -ts and verified" sign_and_verify "$digest"
	matches "$digest: the time-stamp is in it" 'imestamp.*[Vv]erif[a-z]*:? *ok|imestamp.*ok' "$SAID"
done
reports 'SHA-1: badAlg is reported' 'hashAlgorithm .* is not accepted' sign sha1 sha1.exe -ts "$URL"
reports 'legacy -t: HTTP 400 is reported' 'HTTP status 400|code=400' sign sha256 legacy.exe -t "$URL"
