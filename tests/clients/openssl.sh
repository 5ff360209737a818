#!/bin/bash
# openssl ts and curl: the base case, and the ways of HTTP that curl has.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

verify() # NAME FILE [OPTIONS]
{
	openssl ts -verify -queryfile "$1.tsq" -in "$1.tsr" -CAfile "$ANCHORS/root.pem" "${@:3}" &&
		openssl ts -verify -data "$2" -in "$1.tsr" -CAfile "$ANCHORS/root.pem" "${@:3}"
}

ask_and_verify() # NAME QUERY-OPTIONS...
{
	ask "$1" doc.pdf -cert "${@:2}" && verify "$1" doc.pdf
}

# The same request again, sent with these options; prints what curl says of the exchange.
post_and_verify() # CURL OPTIONS
{
	rm -f sha256.tsr
	post sha256 -w 'HTTP/%{http_version} %{http_code} %{content_type}\n' "$@" &&
		verify sha256 doc.pdf
}

two_on_one_connection()
{
	local first=(-H 'Content-Type: application/timestamp-query' --data-binary @sha256.tsq)

	curl -sS --max-time 30 -w '%{num_connects} ' "${first[@]}" -o 1.tsr "$URL" --next \
		-w '%{num_connects}' "${first[@]}" -o 2.tsr "$URL" && cp 2.tsr sha256.tsr &&
		verify sha256 doc.pdf
}

without_certificates()
{
	ask bare doc.pdf -sha256 && verify bare doc.pdf -untrusted "$ANCHORS/tsu-and-issuing.pem"
}

refused() # QUERY OPTIONS
{
	ask refused doc.pdf "$@" && openssl ts -reply -in refused.tsr -text && return 1
	# openssl's own words, and the exit status of a verifier who gets no token.
	openssl ts -verify -queryfile refused.tsq -in refused.tsr -CAfile "$ANCHORS/root.pem"
}

client "$(openssl version | cut -d ' ' -f 1,2), $(curl --version | head -n 1 | cut -d ' ' -f 1,2)"
for digest in sha256 sha384 sha512; do
	ok "$digest, verified" ask_and_verify "$digest" "-$digest"
done
ok 'policy asked for' ask_and_verify policy -sha256 -tspolicy "$(cat "$ANCHORS/policy")"
ok 'no nonce' ask_and_verify no-nonce -sha256 -no_nonce
ok 'no certificates' without_certificates
ok 'HTTP/1.0' post_and_verify --http1.0
ok 'chunked body' post_and_verify -H 'Transfer-Encoding: chunked'
ok 'Expect: 100-continue' post_and_verify -v -H 'Expect: 100-continue'
matches '100 Continue is sent' 'HTTP/1.1 100 Continue' "$SAID"
ok 'upgrade to h2c offered' post_and_verify --http2
matches 'h2c is not taken up, HTTP/1.1 answers' 'HTTP/1.1 200 application/timestamp-reply' "$SAID"
ok 'no Content-Type' post_and_verify -H 'Content-Type:'
ok 'two on one connection' two_on_one_connection
matches 'the second needed no new connection' '^1 0' "$SAID"
reports 'SHA-1: badAlg is reported' 'unrecognized or unsupported algorithm' refused -sha1
reports 'foreign policy: unacceptedPolicy is reported' 'policy is not supported' \
	refused -sha256 -tspolicy 1.2.3.4
