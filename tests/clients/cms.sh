#!/bin/bash
# openssl cms: the token as any CMS message, verified for time-stamping, its content the TSTInfo.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

token() # NAME QUERY OPTIONS
{
	ask "$1" doc.pdf -sha256 "${@:2}" &&
		openssl ts -reply -in "$1.tsr" -token_out -out "$1.token"
}

verify() # NAME [OPTIONS]
{
	openssl cms -verify -inform DER -in "$1.token" -binary -purpose timestampsign \
		-out "$1.tstinfo" "${@:2}"
}

holds_the_imprint() # NAME
{
	openssl asn1parse -inform DER -in "$1.tstinfo" |
		grep -qi "$(openssl dgst -sha256 -r doc.pdf | cut -d ' ' -f 1)"
}

client "$(openssl version | cut -d ' ' -f 1,2) cms"
ok 'token with certificates' token full -cert
ok 'verified for time-stamping' verify full -CAfile "$ANCHORS/root.pem"
ok 'its content has the imprint' holds_the_imprint full
ok 'token without certificates' token bare
ok 'verified with the certificates beside it' verify bare -certfile "$ANCHORS/tsu.pem" \
	-CAfile "$ANCHORS/chain.pem"
SAID=$(openssl cms -cmsout -print -noout -inform DER -in full.token 2>&1)
matches 'SignedData version 3' 'd\.signedData:[[:space:]]*version: 3' "$SAID"
matches 'content type id-ct-TSTInfo' 'eContentType: id-smime-ct-TSTInfo' "$SAID"
