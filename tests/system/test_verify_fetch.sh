#!/bin/bash
# tsa-verify --fetch: what the certificates of a token's path say can be had, from servers good and
# bad; and what is never asked for.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/serve.sh
. "$TSA_SOURCE/tests/system/serve.sh"
# shellcheck source=tests/system/verify.sh
. "$TSA_SOURCE/tests/system/verify.sh"

fetches() # ARGUMENTS: verifies with --fetch as JSON; sets FETCH: "what url-name: result" a line
{
	verify --fetch --json --trust "$WORLD/root.pem" "$@" "$WORLD/t.tsr"
	FETCH=$(python3 -c '
import json, sys
for one in json.load(sys.stdin).get("fetch", []):
	print(one["what"], one["url"].rsplit("/", 1)[1] + ":", one["result"])' <<<"$OUT") ||
		fail "JSON: must be there: $OUT"
}

good()
{
	say '-- what can be had'
	verdict 'without --fetch' 0 '^PASSED ' --trust "$WORLD/root.pem" --data "$WORLD/t.data" \
		"$WORLD/t.tsr"
	matches 'revocation was not checked' 'revocation was not checked' "$OUT"
	equal 'and nobody was asked' 0 "$(grep -c '^request:' "$SERVED")"
	verdict 'without it, and revocation required' 2 '^INDETERMINATE' --trust "$WORLD/root.pem" \
		--revocation required "$WORLD/t.tsr"
	fetches --revocation required
	equal 'with --fetch' 0 "$STATUS"
	equal 'all was fetched' $'OCSP ocsp: fetched\nCRL ev-issuing.crl: fetched\nCRL ev-root.crl: fetched' \
		"$FETCH"
	matches 'the request was posted' 'POST /ocsp ' "$(cat "$SERVED")"
	lacks 'the issuer was at hand and not asked for' 'ev-issuing.cer' "$(cat "$SERVED")"
}

# The token has the signer's certificate alone.
issuers()
{
	say '-- issuers'
	verdict 'the issuer is missing' 2 'NO_CERTIFICATE_CHAIN_FOUND' --trust "$WORLD/root.pem" \
		--untrusted "$WORLD/leaf.pem" "$WORLD/bare.tsr"
	matches 'and named' 'ev-issuing\.cer' "$OUT"
	verdict 'is fetched' 0 '^PASSED' --trust "$WORLD/root.pem" --untrusted "$WORLD/leaf.pem" \
		--fetch "$WORLD/bare.tsr"
	openssl crl2pkcs7 -nocrl -certfile "$CA/issuing.pem" -certfile "$CA/root.pem" -outform DER \
		-out p7c || fail 'openssl crl2pkcs7'
	answer ev-issuing.cer keep p7c 'HTTP/1.1 200 OK' length
	verdict 'also from PKCS #7' 0 '^PASSED' --trust "$WORLD/root.pem" --untrusted \
		"$WORLD/leaf.pem" --fetch "$WORLD/bare.tsr"
	answer ev-issuing.cer keep "$WORLD/pointers/ev-root.cer" 'HTTP/1.1 200 OK' length
	verdict 'another one is none' 2 'NO_CERTIFICATE_CHAIN_FOUND' --trust "$WORLD/root.pem" \
		--untrusted "$WORLD/leaf.pem" --fetch "$WORLD/bare.tsr"
	matches 'and the report says so' 'must be the certificate of the issuer: is not' "$OUT"
	publish
}

strangers()
{
	local before

	say '-- what is never asked for'
	before=$(requests 'ev-issuing.crl')$(requests ocsp)
	verdict 'a token of a stranger' 2 'NO_CERTIFICATE_CHAIN_FOUND' --trust "$WORLD/test-root.pem" \
		--fetch "$WORLD/t.tsr"
	equal 'no CRL and no OCSP response is fetched for it' "$before" \
		"$(requests 'ev-issuing.crl')$(requests ocsp)"
	before=$(grep -c '^request:' "$SERVED")
	head -c 10 /dev/urandom >other
	verdict 'a token over other data' 1 'HASH_FAILURE' --trust "$WORLD/root.pem" --data other \
		--fetch "$WORLD/t.tsr"
	equal 'which no evidence can mend: nothing is' "$before" "$(grep -c '^request:' "$SERVED")"
}

bad() # TEXT LINE: what is said about the CRL of the signer, or the OCSP response
{
	fetches
	matches "$1" "$2" "$FETCH"
	equal 'the verdict stands' 0 "$STATUS"
}

servers()
{
	local at=$SERVE/ev-issuing.crl

	say '-- servers that are no good'
	rm "$SERVE/ocsp" "$at"
	bad 'nothing there' 'OCSP ocsp: HTTP status must be 200: is 404.*CRL ev-issuing.crl: .* is 404'
	fetches --revocation required
	equal 'and is INDETERMINATE if revocation data are required' 2 "$STATUS"
	printf 'keep\nHTTP/1.1 302 Found\r\nLocation: /elsewhere.crl\r\nContent-Length: 0\r\n\r\n' >"$at"
	bad 'a redirection' 'CRL ev-issuing.crl: .*is 302, to /elsewhere.crl'
	equal 'is not followed' 0 "$(requests elsewhere.crl)"
	cp "$SERVE/ev-root.crl" "$at"
	bad "another's CRL" "CRL ev-issuing.crl: must be a CRL of the certificate's issuer"
	cp "$WORLD/pointers/ev-issuing.crl" bent && printf '\377' | dd of=bent bs=1 conv=notrunc \
		seek=$(($(stat -c %s bent) - 3)) 2>/dev/null || fail dd
	answer ev-issuing.crl keep bent 'HTTP/1.1 200 OK' length
	bad 'a CRL that nobody signed' "CRL ev-issuing.crl: must be signed by the certificate's issuer"
	printf '<html></html>' >page
	answer ev-issuing.crl keep page 'HTTP/1.1 200 OK' length
	bad 'a page' 'CRL ev-issuing.crl: must be a CRL: is not'
	{ printf 'keep\nHTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n'; cat page; } >"$at"
	bad 'a CRL past the limit' 'CRL ev-issuing.crl: .*at most 67108864 bytes'
	printf 'close\nHTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' >"$at"
	bad 'half an answer' 'CRL ev-issuing.crl: .*closed before the answer was complete'
	answer ocsp keep page 'HTTP/1.1 200 OK' length
	bad 'a page for OCSP' 'OCSP ocsp: must be an OCSPResponse: is not'
	publish
}

# A responder that knows SHA-256 alone: the first answer is "unauthorized".
responders()
{
	local n

	say '-- responders'
	rm "$SERVE/ev-issuing.crl"
	printf '0\003\n\001\006' >refused
	n=$(requests ocsp)
	answer "ocsp.$((n + 1))" keep refused 'HTTP/1.1 200 OK' length
	ocsp_answer "$WORLD/ocsp256.der"
	openssl ocsp -sha256 -issuer "$CA/issuing.pem" -cert "$WORLD/leaf.pem" -no_nonce \
		-reqout "$CA/ocsp.req" >/dev/null 2>&1 &&
		openssl ocsp -index "$CA/issuing.index" -CA "$CA/issuing.pem" -rsigner "$CA/issuing.pem" \
			-rkey "$CA/issuing.key" -reqin "$CA/ocsp.req" -respout "$WORLD/ocsp256.der" \
			-ndays 30 >/dev/null 2>&1 || fail 'openssl ocsp -sha256'
	answer "ocsp.$((n + 2))" keep "$WORLD/ocsp256.der" 'HTTP/1.1 200 OK' length
	fetches
	equal 'SHA-1 is refused, SHA-256 is asked' "OCSP ocsp: OCSP: responseStatus must be successful: is unauthorized
OCSP ocsp: fetched" "$(head -n 2 <<<"$FETCH")"
	equal 'and that does' 0 "$STATUS"
	openssl ocsp -issuer "$CA/root.pem" -cert "$CA/issuing.pem" -no_nonce -reqout "$CA/ocsp.req" \
		>/dev/null 2>&1 &&
		openssl ocsp -index "$CA/root.index" -CA "$CA/root.pem" -rsigner "$CA/root.pem" \
			-rkey "$CA/root.key" -reqin "$CA/ocsp.req" -respout other.der -ndays 30 \
			>/dev/null 2>&1 || fail 'openssl ocsp'
	answer ocsp keep other.der 'HTTP/1.1 200 OK' length
	fetches
	matches 'an answer about another certificate is none' 'OCSP ocsp: OCSP: must know the certificate' \
		"$FETCH"
	publish
}

batch()
{
	local before

	say '-- many tokens'
	mkdir many && mv "$WORLD"/many*.tsr many/ || fail 'tokens'
	before=$(grep -c '^request:' "$SERVED")
	verify --trust "$WORLD/root.pem" --fetch --revocation required many
	equal 'four tokens of one TSU' 0 "$STATUS"
	equal 'three requests' 3 $(($(grep -c '^request:' "$SERVED") - before))
}

world_new fetch
serve pointers
mkdir "$WORLD/w" && cd "$WORLD/w" || exit 1
ca_of_its_own
tsad_start
ask t / -cert
ask bare /
for n in 1 2 3 4; do
	ask "many$n" / -cert
done
publish
good
issuers
strangers
servers
responders
batch
tsad_stop
