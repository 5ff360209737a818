#!/bin/bash
# Step 1 of the service: TimeStampReq over HTTP to a token that `openssl ts` verifies, and plain
# refusals (requirements.md 1.1, 1.2; clients.md 3; R27).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

BAD_ALG='unrecognized or unsupported algorithm identifier'
BAD_FORMAT='the data submitted has the wrong format'
BAD_POLICY='the requested TSA policy is not supported by the TSA'
BAD_EXTENSION='the requested extension is not supported by the TSA'
BAD_REQUEST='transaction not permitted or supported'

# granted NAME ROOT [UNTRUSTED]: what the last post or ask brought is a good token.
granted()
{
	[ "$HTTP $TYPE" = '200 application/timestamp-reply' ] ||
		fail "$1: wanted 200 application/timestamp-reply, found $HTTP $TYPE"
	[ "$(reply_status "$1")" = granted ] || fail "$1: wanted a token: $(reply_text "$1")"
	check "$1: openssl ts -verify accepts it" verifies "$@"
}

refused() # NAME REASON
{
	local text

	text=$(reply_text "$1")
	equal "$1: a refusal is HTTP 200 as well" '200 application/timestamp-reply' "$HTTP $TYPE"
	matches "$1: status 2" 'Status: Rejected\.' "$text"
	equal "$1: failInfo" "$2" "$(reply_status "$1")"
	matches "$1: says why, for a person" 'Status description: [^ ]' "${text/unspecified/}"
	matches "$1: without a token" 'TST info:[[:space:]]*Not included' "$text"
}

# request NAME HEX: NAME.tsq from its bytes.
request()
{
	printf '%b' "$(tr -dc '0-9a-fA-F' <<<"$2" | sed 's/../\\x&/g')" >"$WORLD/$1.tsq"
}

certificates() # NAME: how many the token has
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl pkcs7 -inform DER -print_certs 2>/dev/null | grep -c '^subject'
}

tokens()
{
	local digest endpoint chain

	say '-- every digest on RSA-3072 and P-256, with and without certificates'
	for endpoint in release fast; do
		chain=$([ $endpoint = release ] && echo rel || echo ec)
		for digest in sha256 sha384 sha512; do
			local path=/
			[ $endpoint = release ] || path=/fast
			ask "$endpoint-$digest-cert" $path -$digest -cert
			granted "$endpoint-$digest-cert" root.pem
			equal 'certReq: leaf and intermediate come with it' 2 \
				"$(certificates "$endpoint-$digest-cert")"
			ask "$endpoint-$digest-bare" $path -$digest
			granted "$endpoint-$digest-bare" root.pem "$chain.pem"
			equal 'no certReq: no certificate' 0 "$(certificates "$endpoint-$digest-bare")"
		done
	done
	ask no-nonce / -sha256 -cert -no_nonce
	granted no-nonce root.pem
	matches 'no nonce asked, none given' 'Nonce: unspecified' "$(reply_text no-nonce)"
}

policies()
{
	say '-- policies'
	ask default / -cert
	granted default root.pem
	matches "the endpoint's first policy is the default" "Policy OID: ${POLICY_RELEASE}[[:space:]]" \
		"$(reply_text default) "
	ask second / -cert -tspolicy "$POLICY_SECOND"
	granted second root.pem
	matches 'reqPolicy is honoured' "Policy OID: ${POLICY_SECOND}[[:space:]]" "$(reply_text second) "
	ask foreign / -cert -tspolicy "$POLICY_EC"
	refused foreign "$BAD_POLICY"
}

contents()
{
	local text serial

	say '-- contents'
	ask contents / -cert
	granted contents root.pem
	text=$(reply_text contents)
	matches 'accuracy as configured' 'Accuracy: 0x01 seconds, unspecified millis, unspecified micros' \
		"$text"
	matches 'ordering is never claimed' 'Ordering: no' "$text"
	lacks 'no statusString when granted' 'Status description: [^u]' "$text"
	serial=$(sed -n 's/^Serial number: 0x//p' <<<"$text")
	matches 'the serial is 12 octets (D3)' '^[0-9A-F]{24}$' "$serial"
	equal "it begins with the journal's instance" "$(tr a-f A-F <"$WORLD/journal/instance")" \
		"${serial:0:8}"
	equal 'and is on record' "$serial" "$(journal_serials | grep "$serial")"
}

# A 16-octet negative nonce, parameters of the digest absent: echoed as sent (clients.md 3.11, 3.13)
odd_but_right()
{
	say '-- odd but right'
	request big-nonce '3046 020101 302f 300b 0609608648016503040201 0420
		000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
		0210 ff7f010203040506070809 0a0b0c0d0e'
	[ "$(stat -c %s "$WORLD/big-nonce.tsq")" -eq $((0x46 + 2)) ] || fail "big-nonce: test is wrong"
	post big-nonce /
	equal 'a nonce of 128 bits, negative, is granted' granted "$(reply_status big-nonce)"
	check 'and echoed' openssl ts -verify -queryfile "$WORLD/big-nonce.tsq" \
		-in "$WORLD/big-nonce.tsr" -CAfile "$WORLD/root.pem" -untrusted "$WORLD/rel.pem"
	request ber-true '3039 020101 3031 300d 06096086480165030402010500 0420
		000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 010131'
	[ "$(stat -c %s "$WORLD/ber-true.tsq")" -eq $((0x39 + 2)) ] || fail "ber-true: test is wrong"
	post ber-true /
	equal 'TRUE may be any non-zero octet (design 6)' granted "$(reply_status ber-true)"
	equal 'and is honoured' 2 "$(certificates ber-true)"
}

refusals()
{
	say '-- refusals'
	ask sha1 / -sha1 -cert
	refused sha1 "$BAD_ALG"
	ask md5 / -md5 -cert
	refused md5 "$BAD_ALG"
	ask sha512-on-test /test -sha512 -cert
	refused sha512-on-test "$BAD_ALG"
	ask trailing / -cert
	printf '\0' >>"$WORLD/trailing.tsq"
	post trailing /
	refused trailing "$BAD_FORMAT"
	request short-hash '302a 020101 3025 300d 0609608648016503040201 0500 0414
		000102030405060708090a0b0c0d0e0f10111213'
	post short-hash /
	refused short-hash "$BAD_FORMAT"
	request version-2 '3036 020102 3031 300d 0609608648016503040201 0500 0420
		000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
	post version-2 /
	refused version-2 "$BAD_REQUEST"
	request extension '304a 020101 3031 300d 0609608648016503040201 0500 0420
		000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
		a012 3010 0609 2b0601040181fd5901 0403 020101'
	[ "$(stat -c %s "$WORLD/extension.tsq")" -eq $((0x4a + 2)) ] || fail "extension: test is wrong"
	post extension /
	refused extension "$BAD_EXTENSION"
}

purposes()
{
	say '-- release and test stay apart (D9, R27)'
	ask tested /test -sha256 -cert
	granted tested test-root.pem
	refuse 'root.pem refuses a test token' verifies tested root.pem
	ask released / -sha256 -cert
	granted released root.pem
	refuse 'test-root.pem refuses a release token' verifies released test-root.pem
	refuse 'a token is not good for other data' openssl ts -verify -data "$WORLD/tested.data" \
		-in "$WORLD/released.tsr" -CAfile "$WORLD/root.pem"
}

# The value of a header in the headers that curl -D wrote, without its end of line.
header() # NAME
{
	sed -n "s/^$1: //Ip" "$WORLD/headers" | tr -d '\r'
}

transport()
{
	local said

	say '-- HTTP'
	ask http / -cert
	said=$(curl -sS --max-time 20 -w '%{num_connects} ' -H 'Content-Type: application/timestamp-query' \
		--data-binary "@$WORLD/http.tsq" -o "$WORLD/1.tsr" "$URL/" -o "$WORLD/2.tsr" "$URL/fast")
	equal 'keep-alive: the second request needs no new connection' '1 0 ' "$said"
	post http / --http1.0 -D "$WORLD/headers"
	granted http root.pem
	equal 'HTTP/1.0 has a length (R30)' "$(stat -c %s "$WORLD/http.tsr")" "$(header content-length)"
	post http / --http1.0 -H 'Connection: keep-alive' -D "$WORLD/headers"
	granted http root.pem
	matches 'HTTP/1.0 with keep-alive is told what happens to it' '^(keep-alive|close)$' \
		"$(header connection)"
	post http / -H 'Transfer-Encoding: chunked'
	granted http root.pem
	post http / -H 'Expect: 100-continue' --expect100-timeout 60
	granted http root.pem
	post http / --http2
	granted http root.pem
	post http / -H 'Content-Type:'
	granted http root.pem
	post http / -H 'Content-Type: Application/Timestamp-Query; charset=binary'
	granted http root.pem
	post http / -H 'Content-Type: application/octet-stream'
	granted http root.pem
}

pages()
{
	local file

	say '-- pages'
	check 'GET / is a page for a person' curl -fsS --max-time 20 -o "$WORLD/page" -D "$WORLD/headers" "$URL/"
	matches 'in HTML or text' '^text/(html|plain)' "$(header content-type)"
	for file in "$WORLD"/publish/*; do
		check "GET /${file##*/}" curl -fsS --max-time 20 -o "$WORLD/got" "$URL/${file##*/}"
		check 'is the published file, byte for byte' cmp "$file" "$WORLD/got"
	done
	check 'livez' curl -fsS --max-time 20 "$ADMIN/livez"
	check 'readyz' curl -fsS --max-time 20 "$ADMIN/readyz"
	check 'metrics' curl -fsS --max-time 20 "$ADMIN/metrics"
	refuse 'the listener for clients has no /readyz' curl -fsS --max-time 20 "$URL/readyz"
	ask admin / -cert
	refuse 'the admin listener stamps nothing' curl -fsS --max-time 20 -o "$WORLD/got" \
		--data-binary "@$WORLD/admin.tsq" "$ADMIN/"
}

world_new token
tsad_start
matches 'the log says that the clock is not checked' 'unchecked' "$(grep -m1 unchecked "$LOG")"
tokens
policies
contents
odd_but_right
refusals
purposes
transport
pages
tsad_stop
check 'counters are dense' journal_is_dense
