#!/bin/bash
# Bad input: bodies, methods, lengths, slow and half-closed connections.  Each gets a plain answer
# or a closed connection, and no process dies of it (requirements.md 1.1; R30, R31).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

BAD_FORMAT='the data submitted has the wrong format'

# raw SECONDS STEP...: sets SAID (what came back) and ENDED (how: closed, reset, timeout) and MS.
raw()
{
	raw_begin now "$@"
	raw_end now
}

# The same in two halves, so that slow ones run beside all else.
raw_begin() # NAME SECONDS STEP...
{
	local name=$1

	shift
	"$TOOLS/tsa-raw" "$PORT" "$@" >"$WORLD/$name.said" 2>"$WORLD/$name.how" &
	RAW_PID[$name]=$!
}

raw_end() # NAME
{
	local how

	wait "${RAW_PID[$1]}" || fail "$1: $(cat "$WORLD/$1.how")"
	SAID=$(tr -d '\0' <"$WORLD/$1.said")
	how=$(cat "$WORLD/$1.how")
	ENDED=$(log_value end "$how")
	MS=$(log_value ms "$how")
}

raw_status() # the HTTP status of SAID
{
	local line=${SAID%%$'\r'*}

	[[ $line =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]] && printf '%s\n' "${BASH_REMATCH[1]}" || echo none
}

# A body that is no TimeStampReq: HTTP 200, a TimeStampResp with badDataFormat.
bad_format() # TEXT NAME
{
	post "$2" /
	equal "$1: HTTP" '200 application/timestamp-reply' "$HTTP $TYPE"
	equal "$1: failInfo" "$BAD_FORMAT" "$(reply_status "$2")"
}

bodies()
{
	local size i

	say '-- bodies'
	ask good / -sha256 -cert
	size=$(stat -c %s "$WORLD/good.tsq")
	for ((i = 1; i < size; i += 7)); do
		head -c "$i" "$WORLD/good.tsq" >"$WORLD/cut.tsq"
		bad_format "cut to $i of $size bytes" cut
	done
	: >"$WORLD/empty.tsq"
	bad_format 'empty' empty
	printf 'hello, what time is it?' >"$WORLD/words.tsq"
	bad_format 'words' words
	# indefinite length: BER, not DER
	{ printf '\x30\x80'; tail -c +3 "$WORLD/good.tsq"; printf '\0\0'; } >"$WORLD/ber.tsq"
	bad_format 'BER' ber
	# the same length in a longer form
	{ printf '\x30\x81'; tail -c +2 "$WORLD/good.tsq"; } >"$WORLD/long-form.tsq"
	bad_format 'a length that is not minimal' long-form
	head -c 8192 /dev/zero >"$WORLD/zeros.tsq"
	bad_format '8192 zeros' zeros
	head -c 8192 /dev/urandom >"$WORLD/noise.tsq"
	bad_format '8192 random bytes' noise
	{ printf '\x30\x84\xff\xff\xff\xff'; head -c 100 /dev/zero; } >"$WORLD/giant.tsq"
	bad_format 'a SEQUENCE that claims 4 GiB' giant
}

# too_large TEXT SIZE [CURL OPTIONS]
too_large()
{
	local text=$1 said

	head -c "$2" /dev/zero >"$WORLD/large"
	shift 2
	said=$(curl -sS --max-time 20 -o "$WORLD/got" -w '%{http_code}' --data-binary "@$WORLD/large" \
		-H 'Content-Type: application/timestamp-query' "$@" "$URL/" 2>&1)
	equal "$text: HTTP" 413 "$said"
}

sizes()
{
	say '-- sizes (8 KiB)'
	too_large '8193 bytes' 8193
	too_large '8193 bytes, chunked' 8193 -H 'Transfer-Encoding: chunked'
	too_large '60 KiB' 61440
	too_large '1 MiB' 1048576
	too_large '8193 bytes after Expect' 8193 -H 'Expect: 100-continue' --expect100-timeout 60
	# Over evhttp's own 64 KiB it waits for the body (R30): curl sends it after a second.
	too_large '1 MiB after Expect' 1048576 -H 'Expect: 100-continue'
}

methods()
{
	local method said

	say '-- methods'
	for method in PUT DELETE OPTIONS PATCH TRACE; do
		said=$(curl -sS --max-time 20 -X "$method" -D "$WORLD/headers" -o "$WORLD/got" \
			-w '%{http_code}' "$URL/")
		equal "$method /: HTTP" 405 "$said"
		matches "$method /: says what is allowed" 'POST' "$(grep -i '^allow:' "$WORLD/headers")"
	done
	said=$(curl -sS --max-time 20 -D "$WORLD/headers" -o "$WORLD/got" -w '%{http_code}' "$URL/fast")
	equal 'GET on an endpoint: HTTP' 405 "$said"
	matches 'GET on an endpoint: says what is allowed' 'POST' "$(grep -i '^allow:' "$WORLD/headers")"
	raw 5 'text:BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
	matches "a method nobody knows: $(raw_status)" '^(400|405|501)$' "$(raw_status)"
	said=$(curl -sS --max-time 20 -I "$URL/" -D "$WORLD/headers" -o "$WORLD/got" -w '%{http_code}')
	equal 'HEAD /: HTTP' 200 "$said"
	matches 'HEAD / has the length (R30)' '^[Cc]ontent-[Ll]ength: [1-9]' \
		"$(grep -i '^content-length' "$WORLD/headers")"
	cp "$WORLD/good.tsq" "$WORLD/lost.tsq"
	post lost /nowhere
	equal 'POST to a path that is not there' 404 "$HTTP"
	said=$(curl -sS --max-time 20 -o "$WORLD/got" -w '%{http_code}' "$URL/../../etc/passwd" --path-as-is)
	equal 'a path that climbs' 404 "$said"
}

lengths()
{
	say '-- lengths'
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\n\r\n'
	equal 'no length and not chunked' 411 "$(raw_status)"
	equal 'and the connection is closed' closed "$ENDED"
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'
	equal 'two Content-Length' 400 "$(raw_status)"
	equal 'and the connection is closed' closed "$ENDED"
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
	matches "Content-Length -1: $(raw_status)" '^(400|411|413)$' "$(raw_status)"
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4x\r\n\r\nabcd'
	matches "Content-Length 4x: $(raw_status)" '^(400|411|413)$' "$(raw_status)"
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
	matches "a chunk of no length: $(raw_status)" '^(400|413|none)$' "$(raw_status)" # evhttp's (R30)
	equal 'and the connection ends' closed "$ENDED"
	raw 5 'text:POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n'
	matches "chunked and a length: $(raw_status)" '^400$' "$(raw_status)"
}

heads()
{
	say '-- heads'
	raw 5 'text:\r\n\r\n\r\nnothing here is HTTP\r\n\r\n'
	lacks 'what is not HTTP is not served' ' 200 ' "${SAID%%$'\r'*}"
	lacks 'and not waited for' timeout "$ENDED"
	raw 5 hex:16030100c8010000c40303
	lacks 'a TLS ClientHello is not served' ' 200 ' "${SAID%%$'\r'*}"
	{ printf 'GET / HTTP/1.1\r\nHost: x\r\n'
		for ((i = 0; i < 3000; i++)); do printf 'X-Filler-%d: %040d\r\n' "$i" "$i"; done
		printf '\r\n'; } >"$WORLD/head"
	raw 5 "file:$WORLD/head"
	lacks 'a head of 180 KB is not served' ' 200 ' "${SAID%%$'\r'*}"
	lacks 'and not waited for' timeout "$ENDED"
}

# Connections that would stay for ever end after 10 s (R31).
slow_begin()
{
	raw_begin head 20 "drip:300:POST / HTTP/1.1\r\nHost: x\r\nX-Slow: $(printf '%0200d' 0)"
	raw_begin body 20 "text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc"
	raw_begin silent 20 pause:1
	# evhttp's own refusal (R30): it first waits for what was announced.
	raw_begin giant 20 \
		'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n'
}

slow_end()
{
	local name

	say '-- slow connections, beside which all of this was served'
	for name in head body silent giant; do
		raw_end $name
		matches "$name: $(raw_status), $ENDED after $MS ms" '^(400|408|413|none) (closed|reset)$' \
			"$(raw_status) $ENDED"
		[ "$MS" -le 15000 ] || fail "$name: R31: ends after 10 s: took $MS ms"
	done
}

half_closed()
{
	say '-- half-closed connections'
	{ printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/timestamp-query\r\n'
		printf 'Content-Length: %d\r\n\r\n' "$(stat -c %s "$WORLD/good.tsq")"
		cat "$WORLD/good.tsq"; } >"$WORLD/whole"
	raw 10 half-close
	matches "closed for sending at once: $ENDED" '^(closed|reset)$' "$ENDED"
	raw 10 'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Le' half-close
	matches "closed for sending in the head: $ENDED" '^(closed|reset)$' "$ENDED"
	raw 10 'text:POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc' half-close
	matches "closed for sending in the body: $ENDED" '^(closed|reset)$' "$ENDED"
	raw 10 "file:$WORLD/whole" half-close
	matches "closed for sending after a whole request: $(raw_status), $ENDED" '^200 closed$' \
		"$(raw_status) $ENDED"
	raw 10 "file:$WORLD/whole" reset
	say 'reset after a whole request'
}

noise()
{
	local i

	say '-- noise'
	for ((i = 0; i < 60; i++)); do
		{ [ $((i % 2)) -eq 0 ] || printf 'POST / HTTP/1.1\r\n'; head -c $((i * 37 + 1)) /dev/urandom; } \
			>"$WORLD/noise"
		raw 5 "file:$WORLD/noise" half-close
		[ "$ENDED" != timeout ] || fail "noise $i: must end: $(xxd "$WORLD/noise" | head -3)"
	done
	say "60 connections with noise ended"
	for ((i = 0; i < 60; i++)); do
		cp "$WORLD/good.tsq" "$WORLD/bent.tsq"
		printf '%b' "\\x$(printf %02x $((RANDOM % 256)))" | dd of="$WORLD/bent.tsq" bs=1 \
			seek=$((RANDOM % $(stat -c %s "$WORLD/good.tsq"))) conv=notrunc status=none
		post bent /
		equal "one byte bent, $i: HTTP" '200 application/timestamp-reply' "$HTTP $TYPE" >/dev/null
		[ -n "$(reply_status bent)" ] || fail "one byte bent, $i: $(xxd "$WORLD/bent.tsq")"
	done
	say "60 requests with one byte bent were answered in form"
}

declare -A RAW_PID=()
world_new bad
tsad_start
before=$(tsad_children)
slow_begin
bodies
sizes
methods
lengths
heads
half_closed
noise
slow_end
equal 'no process died of it' "$before" "$(tsad_children)"
lacks 'and none met a bug' 'event=(bug|child_died)' "$(cat "$LOG")"
cp "$WORLD/good.tsq" "$WORLD/after.tsq"
post after /
equal 'the service serves' granted "$(reply_status after)"
tsad_stop
