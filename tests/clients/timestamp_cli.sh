#!/bin/bash
# sigstore's timestamp-cli (Go): a DER request to /api/v1/timestamp, which is the first release
# endpoint; its own verification.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

cli()
{
	"$INSTALL/go/timestamp-cli" --timestamp_server "${URL%/}" "$@"
}

stamp() # HASH
{
	cli timestamp --hash "$1" --artifact doc.pdf --out "$1.tsr"
}

verify() # FILE ARTIFACT
{
	cli verify --timestamp "$1" --artifact "$2" --certificate "$ANCHORS/tsu.pem" \
		--intermediate-certificates "$ANCHORS/issuing.pem" --root-certificates "$ANCHORS/root.pem"
}

client "timestamp-cli $(basename "$INSTALL"/go/v*)"
for hash in sha256 sha384 sha512; do
	ok "$hash: stamped" stamp "$hash"
	ok "$hash: verified" verify "$hash.tsr" doc.pdf
done
reports 'other data does not verify' 'hash|verif' verify sha256.tsr app.exe
