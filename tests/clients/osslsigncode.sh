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

nest()
{
	rm -f nested.exe
	osslsigncode sign -pkcs12 "$SIGNER/signer.p12" -readpass "$SIGNER/password" -h sha384 -nest \
		-ts "$URL" -in sha256.exe -out nested.exe
}

client "$(osslsigncode --version | head -n 1 | grep -oE 'osslsigncode[ ,0-9.]*[0-9]' | tr -d ,)"
for digest in sha256 sha384 sha512; do
	ok "$digest: signed with -ts and verified" sign_and_verify "$digest"
	matches "$digest: the time-stamp is in it" 'imestamp.*[Vv]erif[a-z]*:? *ok|imestamp.*ok' "$SAID"
done
# Our own verifier over what another put in the program.
embedded()
{
	"$TSA_BUILD/bin/tsa-verify" --trust "$ANCHORS/root.pem" --embedded "$@"
}

ok 'tsa-verify --embedded' embedded sha256.exe sha384.exe sha512.exe
matches 'tsa-verify: three time-stamps' '3 PASSED, 0 FAILED, 0 INDETERMINATE' "$SAID"
ok 'nested signature: signed with -nest and -ts' nest
ok 'tsa-verify --embedded: nested' embedded nested.exe
ok 'survives a revocation tomorrow' embedded --signed-cert "$SIGNER/cert.pem" \
	--revoked-at "$(date -u -d tomorrow +%Y-%m-%d)" sha256.exe
reports 'does not survive one yesterday' 'does not survive' embedded \
	--signed-cert "$SIGNER/cert.pem" --revoked-at "$(date -u -d yesterday +%Y-%m-%d)" sha256.exe
reports 'SHA-1: badAlg is reported' 'hashAlgorithm .* is not accepted' sign sha1 sha1.exe -ts "$URL"
reports 'legacy -t: HTTP 400 is reported' 'HTTP status 400|code=400' sign sha256 legacy.exe -t "$URL"
