#!/bin/bash
# The other forms of a request, end to end: sigstore's JSON, base64, Authenticode's old one; and the
# rate limit (requirements.md 1.1, P-22, R21).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# send PATH TYPE FILE [CURL OPTIONS]: BODY; sets HTTP and TYPE.
send()
{
	local path=$1 type=$2 file=$3 said

	shift 3
	said=$(curl -sS --max-time 20 -o "$WORLD/body" -w '%{http_code} %{content_type}' \
		-H "Content-Type: $type" --data-binary "@$WORLD/$file" "$@" "$URL$path" 2>&1) ||
		fail "curl $URL$path: $said"
	HTTP=${said%% *}
	TYPE=${said#* }
}

# Sigstore's request for NAME.data: MORE is further members.
json() # NAME ALGORITHM MORE
{
	printf '{"artifactHash":"%s","hashAlgorithm":"%s"%s}' \
		"$(openssl dgst "-$2" -binary "$WORLD/$1.data" | base64 -w0)" "$2" "${3:-}" >"$WORLD/$1.json"
}

is_token_for() # NAME [UNTRUSTED]
{
	cp "$WORLD/body" "$WORLD/$1.tsr"
	openssl ts -verify -data "$WORLD/$1.data" -in "$WORLD/$1.tsr" -CAfile "$WORLD/root.pem" \
		${2:+-untrusted "$WORLD/$2"}
}

sigstore()
{
	local name path

	say "-- sigstore's form"
	head -c 1000 /dev/urandom >"$WORLD/art.data"
	for name in sha256 sha384 sha512; do
		json art "$name"
		send /api/v1/timestamp application/json art.json
		equal "P-22 $name: a token" '200 application/timestamp-reply' "$HTTP $TYPE"
		check 'it verifies, without certificates' is_token_for art rel.pem
	done
	for path in / /fast /api/v1/timestamp; do
		json art sha256 ',"nonce":81985529216486895,"certificates":true,"unknown":[1]'
		send "$path" 'Application/JSON; charset=utf-8' art.json
		equal "P-22 $path with all members: a token" '200 application/timestamp-reply' "$HTTP $TYPE"
		check 'it verifies, with its own certificates' is_token_for art
		matches 'P-09 the nonce is in it' 'Nonce: 0x0123456789ABCDEF' "$(reply_text art)"
	done
	curl -fsS --max-time 20 -o "$WORLD/chain.pem" "$URL/api/v1/timestamp/certchain" ||
		fail 'certchain: must be served'
	json art sha256
	send /api/v1/timestamp application/json art.json
	check "a token verifies with the chain that sigstore's clients fetch" is_token_for art chain.pem
	json art sha256 ',"tsaPolicyOID":"1.2.3.4"'
	send /api/v1/timestamp application/json art.json
	equal 'P-08 a policy that is not offered' '400 application/json' "$HTTP $TYPE"
	matches 'is named' '^\{"code": 400, "message": "unacceptedPolicy: .*1\.2\.3\.4' "$(cat "$WORLD/body")"
	json art sha256 ',"nonce":99999999999999999999'
	send /api/v1/timestamp application/json art.json
	matches 'R32 a nonce of more than 63 bits' '400.*at most 63 bits' "$HTTP $(cat "$WORLD/body")"
}

others()
{
	say '-- base64 and the old form'
	openssl ts -query -data "$WORLD/art.data" -sha256 -cert -out "$WORLD/art.tsq" 2>/dev/null ||
		fail 'openssl ts -query'
	openssl base64 -in "$WORLD/art.tsq" -out "$WORLD/art.b64"
	send / application/timestamp-query art.b64 -H 'Content-Transfer-Encoding: base64'
	equal 'P-22 a request in base64, in lines' '200 application/timestamp-reply' "$HTTP $TYPE"
	check 'its token verifies' is_token_for art
	send / application/timestamp-query art.tsq -H 'Content-Transfer-Encoding: base64'
	cp "$WORLD/body" "$WORLD/bad.tsr"
	matches 'what is no base64 is badDataFormat' 'data submitted has the wrong format' "$(reply_status bad)"
	printf 'MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcBoAYEBAECAwA=\r\n\0' >"$WORLD/old.b64"
	send / application/octet-stream old.b64
	equal 'the request of signtool /t' '400 text/plain; charset=utf-8' "$HTTP $TYPE"
	matches 'is told what to use' '/tr URL /td sha256.*instead of /t URL' "$(cat "$WORLD/body")"
	log_await ' role=front event=refused ' >/dev/null || exit 1
}

# Of the front, told once a tick: asked for until it is there, or the wait is over.
metric_becomes() # LABEL VALUE
{
	local end=$((SECONDS + WAIT_S)) found=

	while [ "$SECONDS" -lt "$end" ]; do
		found=$(curl -fsS --max-time 20 "$ADMIN/metrics" |
			sed -n "s/^tsa_front_answers_total{answer=\"$1\"} //p")
		[ "$found" != "$2" ] || break
	done
	equal "answers counted as $1" "$2" "$found"
}

limited()
{
	local i first

	say '-- the rate limit'
	conf_set tsad rate_limit 2
	tsad_start
	openssl ts -query -data "$CONF" -sha256 -cert -out "$WORLD/art.tsq" 2>/dev/null || fail 'openssl ts -query'
	for ((i = 0; i < 30; i++)); do
		printf 'url = "%s/nothing"\ndata-binary = "@%s"\noutput = "/dev/null"\nwrite-out = "%s"\n' \
			"$URL" "$WORLD/art.tsq" '%{http_code} %header{retry-after}\n'
		[ "$i" -eq 29 ] || echo next
	done >"$WORLD/many"
	curl -sS --max-time 20 -K "$WORLD/many" >"$WORLD/answers" || fail 'curl: thirty requests'
	first=$(head -n 4 "$WORLD/answers" | tr '\n' ' ')
	equal 'twice the rate at once' '404  404  404  404  ' "$first"
	matches 'then it is too many, with Retry-After in whole seconds' '(^|[[:space:]])429 1($|[[:space:]])' \
		"$(tail -n 20 "$WORLD/answers")"
	equal 'and every answer is one or the other' '' "$(grep -vE '^(404 |429 1)$' "$WORLD/answers")"
	metric_becomes rate_limited "$(grep -c '^429' "$WORLD/answers")"
	log_mark
	conf_set tsad rate_limit 3
	kill -HUP "$TSAD_PID"
	log_await ' event=reload_finding .*rate_limit: R18: needs restart: it was 2, is 3' >/dev/null || exit 1
	say 'R18 another limit needs a restart'
	tsad_stop
}

# The second address, where this machine has one to bind.
ipv6()
{
	local line

	say '-- IPv6'
	line=$(grep ' event=listening .*address=\[::1\]' "$LOG") || fail 'it must listen on [::1]'
	line=$(log_value address "$line") || exit 1
	URL="http://$line" send / application/timestamp-query art.tsq
	equal 'P-22 by IPv6' '200 application/timestamp-reply' "$HTTP $TYPE"
	check 'its token verifies' is_token_for art
}

world_new forms
has_ipv6=
if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then
	has_ipv6=yes
	conf_set tsad listen '127.0.0.1:0, [::1]:0'
fi
tsad_start
sigstore
others
metric_becomes legacy 1
if [ -n "$has_ipv6" ]; then
	ipv6
else
	skip 'a listener on [::1]' 'this machine has no IPv6'
fi
tsad_stop
world_new limited
limited
