#!/bin/bash
# tshark: the exchange, captured on the loopback interface, as its dissector of RFC 3161 reads it.
# shellcheck source=tests/clients/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh" "$@"

FIELDS=(-e pkixtsp.version -e pkixtsp.policy -e pkixtsp.nonce -e pkixtsp.status -e pkixtsp.genTime
	-e pkixtsp.hashedMessage -e http.content_type)

client "tshark $(tshark --version 2>/dev/null | grep -oE -m 1 '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)"
if [ "$(id -u)" -ne 0 ]; then
	printf 'SKIPPED: tshark: capturing on lo needs root\n'
	exit 0
fi
port=${URL#http://*:}
port=${port%%/*}
tshark -n -l -i lo -f "tcp port $port" -d "tcp.port==$port,http" -Y pkixtsp -T fields -E separator='|' \
	"${FIELDS[@]}" >dissected 2>capture.log &
pid=$!
trap 'kill "$pid" 2>/dev/null' EXIT
# Both endpoints have one port: this exchange is known by its imprint.
head -c 100 /dev/urandom >random
imprint=$(openssl dgst -sha256 -r random | cut -d ' ' -f 1)

# tshark does not say when it has begun to listen: asks until an exchange has come through.
exchange()
{
	local tries=0 replies=0

	: >mine
	while [ "$tries" -lt 30 ] && ! grep -q timestamp-query mine; do
		ask one random -sha256 -cert || return 1
		"$TSA_AWAIT" --timeout 2 --pid "$pid" --file dissected --count "$((replies + 1))" \
			"$imprint.*timestamp-reply"
		grep "$imprint" dissected >mine
		replies=$(grep -c timestamp-reply mine)
		tries=$((tries + 1))
	done
	grep -q timestamp-query mine || { cat capture.log; false; }
}

ok 'dissects both ways' exchange
kill "$pid"
wait "$pid" 2>/dev/null
matches 'query: version, imprint' "^1\|.*$imprint\|application/timestamp-query" \
	"$(grep -m 1 timestamp-query mine)"
time='[^|]* [0-9:.]+ UTC'
matches 'reply: policy, nonce, status 0, genTime, imprint' \
	"^1\|$(cat "$ANCHORS/policy")\|-?[0-9]+\|0\|$time\|$imprint\|application/timestamp-reply" \
	"$(grep -m 1 timestamp-reply mine)"
