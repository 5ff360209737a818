#!/bin/bash
# dumpasn1: every reply and token is DER without a warning.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

# dumpasn1 has two limits of its own: a GeneralizedTime with a fraction, which RFC 3161 2.4.2 allows,
# is an error to it, and so is a date past 2038.  Anything else it says is a finding.
complaints() # FILE
{
	dumpasn1 -t "$1" 2>&1 | awk '
		/Error: Time is encoded incorrectly/ && before ~ /GeneralizedTime .*\.[0-9]+Z/ { next }
		/Error: Time value cannot be represented in a 32-bit time_t/ { next }
		/(Error|Warning):/ { print before; print }
		/^[0-9]+ warnings?, [0-9]+ errors?/ { ended = 1 }
		{ before = $0 }
		END { if (!ended) print "did not come to the end: " before }'
}

clean() # FILE
{
	local said

	said=$(complaints "$1")
	[ -z "$said" ] || { printf '%s\n' "$said"; false; }
}

reply() # NAME QUERY OPTIONS
{
	ask "$1" doc.pdf "${@:2}" && clean "$1.tsr"
}

client "dumpasn1 $(dpkg-query -W -f '${Version}' dumpasn1)"
ok 'with certificates' reply full -sha256 -cert
ok 'without' reply bare -sha256
ok 'SHA-512 imprint, no nonce' reply plain -sha512 -no_nonce -cert
ok 'refusal' reply refused -sha1
# The same reply with an INTEGER that is not minimal, which it must see.
perl -0777 -pe 's/\x02\x01\x01\x06/\x02\x02\x00\x01\x06/' bare.tsr >ber.tsr
if clean ber.tsr >/dev/null; then fail 'BER is found' 'not found'; else pass 'BER is found'; fi
