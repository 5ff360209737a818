# shellcheck shell=bash disable=SC2034
# For the tests of tsa-verify's network and folders: a CA whose certificates point at tsa-serve, its
# CRLs and OCSP responses, and a second TSU that has nothing to do with it.  To be sourced after
# lib.sh and serve.sh.
#
#   ca_of_its_own             certificates for TSU rel of the world, with pointers to $AT; CA
#   publish                   what that CA publishes is served: certificates, CRLs, OCSP response
#   second_tsu                another CA and a P-256 TSU of it that live to 2055; SECOND (folder)
#   second_stamp FILE OUT     a token of it over FILE, of now
#   second_record OUT FILE... an evidence record (RFC 4998) of it over the group of files, of now
#   verify ARGUMENTS          tsa-verify, bounded; sets STATUS, OUT (standard output) and SAID

# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

VERIFY=$TSA_BUILD/bin/tsa-verify

# The same extensions, with an OCSP responder.
eval "$(declare -f ca__tsu_extensions | sed 's|caIssuers;URI:|OCSP;URI:$2/ocsp,&|')"

ca_of_its_own()
{
	CA=$WORLD/ca-pointers
	ca_new "$CA" ev "http://127.0.0.1:$AT" p256 &&
		ca_issue_tsu "$CA" "$WORLD/rel.pub" 'TSU rel' "$POLICY_RELEASE" "$WORLD/rel.pem" ||
		fail 'a CA'
	cp "$CA/root.pem" "$WORLD/root.pem" && openssl x509 -in "$WORLD/rel.pem" -out "$WORLD/leaf.pem" ||
		fail 'certificates'
	publish
}

# The responder's answer about the TSU, by the CA's own key.
ocsp_answer() # OUT [OPTIONS]
{
	local out=$1

	shift
	openssl ocsp -issuer "$CA/issuing.pem" -cert "$WORLD/leaf.pem" -no_nonce -reqout "$CA/ocsp.req" \
		>/dev/null 2>&1 &&
		openssl ocsp -index "$CA/issuing.index" -CA "$CA/issuing.pem" -rsigner "$CA/issuing.pem" \
			-rkey "$CA/issuing.key" -reqin "$CA/ocsp.req" -respout "$out" -ndays 30 "$@" \
			>/dev/null 2>&1 || fail 'openssl ocsp'
}

# What is published from here on is from after every token that was asked for until now: CRLs and OCSP
# responses have whole seconds, genTime has not. Waits for the clock, less than a second.
publish()
{
	local file now

	now=$(date +%s)
	until [ "$(date +%s)" -gt "$now" ]; do :; done

	ca_publish "$CA" "$WORLD/pointers" || fail 'ca_publish'
	for file in "$WORLD"/pointers/*; do
		answer "${file##*/}" keep "$file" 'HTTP/1.1 200 OK' length
	done
	ocsp_answer "$WORLD/ocsp.der"
	answer ocsp keep "$WORLD/ocsp.der" 'HTTP/1.1 200 OK' length
}

second_tsu()
{
	local CA_ROOT_DAYS=10950 CA_ISSUING_DAYS=10940 CA_TSU_MAX_DAYS=12000

	SECOND=$WORLD/second
	ca_new "$SECOND" second http://127.0.0.1:9 p256 &&
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$SECOND/tsu.key" \
			2>/dev/null &&
		openssl pkey -in "$SECOND/tsu.key" -pubout -out "$SECOND/tsu-key.pub" &&
		ca_issue_tsu "$SECOND" "$SECOND/tsu-key.pub" 'TSU second' 1.3.6.1.4.1.32473.2 \
			"$SECOND/second.pem" 10930 || fail 'a second TSU'
	cat >"$SECOND/ts.cnf" <<-END
		[tsa]
		serial = $SECOND/serial
		crypto_device = builtin
		signer_cert = $SECOND/tsu.pem
		certs = $SECOND/chain.pem
		signer_key = $SECOND/tsu.key
		signer_digest = sha256
		default_policy = 1.3.6.1.4.1.32473.2
		digests = sha256
		ess_cert_id_chain = no
		ess_cert_id_alg = sha256
	END
	echo 01 >"$SECOND/serial"
}

second_stamp() # FILE OUT
{
	openssl ts -query -data "$1" -sha256 -cert -out "$SECOND/query" 2>/dev/null &&
		openssl ts -reply -config "$SECOND/ts.cnf" -section tsa -queryfile "$SECOND/query" \
			-out "$2" >/dev/null 2>&1 || fail "openssl ts -reply over $1"
}

# One archive time-stamp, whose one list has the files' SHA-256 in order.
second_record() # OUT FILE...
{
	python3 - root "${@:2}" >"$SECOND/list" <<-'END' || fail 'the hashes of a group'
		import hashlib, sys
		hashes = sorted(hashlib.sha256(open(f, "rb").read()).digest() for f in sys.argv[2:])
		print(hashlib.sha256(b"".join(hashes)).hexdigest() if len(hashes) > 1 else hashes[0].hex())
		print("".join(h.hex() + "\n" for h in hashes), end="")
	END
	openssl ts -query -digest "$(head -n 1 "$SECOND/list")" -sha256 -cert -out "$SECOND/query" \
		2>/dev/null &&
		openssl ts -reply -config "$SECOND/ts.cnf" -section tsa -queryfile "$SECOND/query" \
			-token_out -out "$SECOND/token" >/dev/null 2>&1 || fail 'a token over a group'
	python3 - "$SECOND/token" "$SECOND/list" >"$1" <<-'END' || fail 'a record'
		import sys
		def tlv(tag, *parts):
		    value = b"".join(parts)
		    n = len(value)
		    size = bytes([n]) if n < 128 else (lambda b: bytes([128 + len(b)]) + b)(
		        n.to_bytes((n.bit_length() + 7) // 8, "big"))
		    return bytes([tag]) + size + value
		token = open(sys.argv[1], "rb").read()
		hashes = [bytes.fromhex(line) for line in open(sys.argv[2])][1:]
		sha256 = tlv(0x30, bytes.fromhex("0609608648016503040201"))
		tree = tlv(0xa2, tlv(0x30, *(tlv(4, h) for h in hashes)))
		stamp = tlv(0x30, tree, token)
		sys.stdout.buffer.write(tlv(0x30, tlv(2, b"\1"), tlv(0x30, sha256),
		    tlv(0x30, tlv(0x30, stamp))))
	END
}

verify() # ARGUMENTS
{
	OUT=$(timeout -k 5 "$WAIT_S" "$VERIFY" "$@" 2>said </dev/null)
	STATUS=$?
	SAID=$(cat said)
	[ "$STATUS" -ne 124 ] || fail "tsa-verify $*: must end by itself: still runs"
}

# verdict TEXT STATUS REGEX ARGUMENTS: the exit status, and the first line of the report.
verdict()
{
	local text=$1 status=$2 regex=$3

	shift 3
	verify "$@"
	equal "$text: exit status" "$status" "$STATUS"
	matches "$text: ${OUT%%$'\n'*}" "$regex" "${OUT%%$'\n'*}"
}
