#!/bin/bash
# tsa-stamp and what servers do: odd but right, busy, broken, lying, dead, and over TLS.  Tokens are
# from a real tsad, without a nonce, so that a file can hold one.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/serve.sh
. "$TSA_SOURCE/tests/system/serve.sh"

REPLY='Content-Type: application/timestamp-reply'

# at NAME [OPTIONS]: asks tsa-serve for /NAME over the data that it has a token for.
at()
{
	stamp --url "http://127.0.0.1:$AT/$1" --no-nonce --out out.tsr "${@:2}" good.data
}

stamped() # TEXT
{
	[ "$STATUS" -eq 0 ] || fail "$1: must be stamped: exit status $STATUS: $SAID"
	check "$1" openssl ts -verify -data good.data -in out.tsr -CAfile "$WORLD/root.pem"
}

refused() # STATUS REGEX
{
	equal "exit status" "$1" "$STATUS"
	matches "says: $2" "$2" "$SAID"
	[ ! -e out.tsr ] || fail "no response: must not be written: is, after: $SAID"
	[ -z "$(find . -name '.tsa-stamp.*')" ] || fail 'temporary files: must be gone'
}

copies() # FOLDER COUNT: files that all have the data there is a token for
{
	local i

	mkdir "$1"
	for ((i = 0; i < $2; i++)); do
		cp good.data "$1/$i"
	done
}

# --- odd but right ----------------------------------------------------------------------------

chunked() # FILE: in two chunks
{
	local half=$(($(stat -c %s "$1") / 2))

	printf '%x\r\n' "$half"
	head -c "$half" "$1"
	printf '\r\n%x\r\n' $(($(stat -c %s "$1") - half))
	tail -c +$((half + 1)) "$1"
	printf '\r\n0\r\nTrailer: x\r\n\r\n'
}

odd_but_right()
{
	say '-- odd but right'
	chunked good.tsr >good.chunked
	answer plain keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	answer chunked keep good.chunked 'HTTP/1.1 200 OK' "$REPLY" 'Transfer-Encoding: chunked'
	answer old close good.tsr 'HTTP/1.0 200 OK' "$REPLY"
	answer old-length close good.tsr 'HTTP/1.0 200 OK' "$REPLY" length
	answer closes close good.tsr 'HTTP/1.1 200 OK' 'Connection: close' "$REPLY"
	answer closes-length close good.tsr 'HTTP/1.1 200 OK' 'Connection: close' "$REPLY" length
	answer created keep good.tsr 'HTTP/1.1 201 Created' "$REPLY" length
	answer untyped keep good.tsr 'HTTP/1.1 200 OK' length
	answer mistyped keep good.tsr 'HTTP/1.1 200 OK' 'Content-Type: text/html' length
	answer other-type keep good.tsr 'HTTP/1.1 200 OK' 'content-type: application/timestamp-response' length
	answer continue keep good.tsr $'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK' "$REPLY" length
	for name in plain chunked old old-length closes closes-length created untyped mistyped \
		other-type continue; do
		at $name
		stamped "$name"
	done
}

keeps_connections()
{
	say '-- connections'
	copies kept 100
	stamp --url "http://127.0.0.1:$AT/plain" --no-nonce --quiet kept/*
	equal '100 files are stamped' 0 "$STATUS$SAID"
	equal 'with a request each' 101 "$(requests plain)"
	[ "$(used plain)" -le 9 ] || fail "connections: at most 8 and one before: $(used plain)"
	say "over $(used plain) connections, one of them from before"
	# What the server closed without a word is asked again elsewhere, and is no failed try.
	answer unsaid close good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	copies unsaid 100
	stamp --url "http://127.0.0.1:$AT/unsaid" --no-nonce --quiet --retries 0 unsaid/*
	equal 'all are stamped if each connection is closed after one answer' 0 "$STATUS$SAID"
	equal 'by 100 connections' 100 "$(used unsaid)"
}

# --- busy -------------------------------------------------------------------------------------

busy()
{
	local begun

	say '-- busy'
	: >nothing
	answer later.1 keep nothing 'HTTP/1.1 503 Service Unavailable' 'Retry-After: 1' length
	answer later keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	begun=$(date +%s%N)
	at later
	stamped '503 with Retry-After: 1, then good'
	[ $((($(date +%s%N) - begun) / 1000000)) -ge 1000 ] || fail 'Retry-After: 1: must be waited for'
	equal 'after two requests' 2 "$(requests later)"
	answer dated.1 keep nothing 'HTTP/1.1 429 Too Many Requests' length \
		"Retry-After: $(LC_ALL=C date -u -d '+2 seconds' '+%a, %d %b %Y %H:%M:%S GMT')"
	answer dated keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at dated
	stamped '429 with a date, then good'
	for status in '500 Internal' '502 Bad Gateway' '504 Gateway Timeout'; do
		answer "s${status%% *}.1" close nothing "HTTP/1.1 $status" 'Connection: close' length
		answer "s${status%% *}" keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
		at "s${status%% *}"
		stamped "$status without Retry-After, then good"
	done
	answer long keep nothing 'HTTP/1.1 503 Service Unavailable' 'Retry-After: 100000' length
	at long
	refused 1 'Retry-After: at most 300 s are waited for: is 100000 s'
	equal 'and is not asked again' 1 "$(requests long)"
	answer always keep nothing 'HTTP/1.1 503 Service Unavailable' 'Retry-After: 0' length
	at always --retries 2
	refused 1 'the server is busy or broken: HTTP status 503, 3 tries'
	equal 'three tries are three requests' 3 "$(requests always)"
	cp "$TSA_SOURCE/tests/fuzz/corpus/reply/system-failure.tsr" failure.tsr
	answer failure.1 keep failure.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	answer failure keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at failure
	stamped 'a TSA that had systemFailure'
	cp "$TSA_SOURCE/tests/fuzz/corpus/reply/openssl-bad-alg.tsr" bad-alg.tsr
	answer bad-alg keep bad-alg.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at bad-alg
	refused 1 'the TSA refuses: rejection, badAlg'
	equal 'which is final' 1 "$(requests bad-alg)"
}

# --- wrong ------------------------------------------------------------------------------------

wrong()
{
	say '-- wrong'
	printf '<html><body>Welcome</body></html>' >page
	answer page keep page 'HTTP/1.1 200 OK' 'Content-Type: text/html; charset=utf-8' length
	at page
	refused 1 'answer: must be a TimeStampResp: is 33 bytes of Content-Type "text/html'
	at no-such-path
	refused 1 'HTTP status must be 200: is 404'
	answer moved keep nothing 'HTTP/1.1 301 Moved' 'Location: https://tsa.example/new' length
	at moved
	refused 1 'is 301, to "https://tsa\.example/new": redirects are not followed'
	answer empty keep nothing 'HTTP/1.1 200 OK' "$REPLY" length
	at empty
	refused 1 'must be one DER TimeStampResp and nothing more'
	{ cat good.tsr; printf '\0'; } >trailing
	answer trailing keep trailing 'HTTP/1.1 200 OK' "$REPLY" length
	at trailing
	refused 1 'must be one DER TimeStampResp and nothing more'
	check 'which openssl would have taken' openssl ts -verify -data good.data -in trailing \
		-CAfile "$WORLD/root.pem"
	head -c 300000 /dev/zero >huge
	answer huge keep huge 'HTTP/1.1 200 OK' "$REPLY" length
	at huge
	refused 1 'the answer must have at most 262144 bytes'
	answer endless close huge 'HTTP/1.0 200 OK' "$REPLY"
	at endless
	refused 1 'the answer must have at most 262144 bytes'
	answer other close nothing 'SSH-2.0-OpenSSH_9.2'
	at other --retries 0
	refused 1 'server: '
	# A token over the same data, but not the answer to this question.
	stamp --url "http://127.0.0.1:$AT/plain" --out out.tsr good.data
	refused 1 'must have the nonce of the request: has none'
	at plain --policy 1.2.3.4
	refused 1 'policy must be 1\.2\.3\.4 as asked'
	cp good.data other.data
	printf x >>other.data
	stamp --url "http://127.0.0.1:$AT/plain" --no-nonce --out out.tsr other.data
	refused 1 'messageImprint must be that of the request'
}

# --- broken -----------------------------------------------------------------------------------

broken()
{
	say '-- broken'
	head -c 500 good.tsr >half
	answer half.1 close half 'HTTP/1.1 200 OK' "$REPLY" 'Content-Length: 1000'
	answer half keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at half
	stamped 'closed in the middle of the body, then good'
	printf 'close\n' >"$SERVE/mute.1"
	answer mute keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at mute
	stamped 'closed without a word, then good'
	printf 'close\n' >"$SERVE/gone"
	at gone --retries 1
	refused 1 'the connection was closed before the answer was complete'
	equal 'two tries are two requests' 2 "$(requests gone)"
	printf 'hold\n' >"$SERVE/slow"
	at slow --timeout 1 --retries 0
	refused 1 'no complete answer in 1 s'
	answer stuck hold half 'HTTP/1.1 200 OK' "$REPLY" 'Content-Length: 1000'
	at stuck --timeout 1 --retries 0
	refused 1 'no complete answer in 1 s'
	printf 'hold\n' >"$SERVE/late.1"
	answer late keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	at late --timeout 1
	stamped 'no answer in time, then good'
}

# held NAME COUNT ARGUMENTS: tsa-stamp in the background (pid), with COUNT requests that are held.
held()
{
	local name=$1 count=$2

	printf 'hold\n' >"$SERVE/$name"
	: >said
	"$STAMP" --url "http://127.0.0.1:$AT/$name" --no-nonce "${@:3}" 2>>said >/dev/null &
	pid=$!
	at_exit "kill -KILL $pid 2>/dev/null"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$pid" --file "$SERVED" --count "$count" \
		"^request: POST /$name " >/dev/null || fail "$count requests: must come: $(cat said)"
	kill -TERM "$pid"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$pid" --file said 'interrupted: requests under way' \
		>/dev/null || fail 'SIGTERM: must be noticed'
}

interrupted()
{
	local pid

	say '-- a signal'
	rm -f out.tsr
	held wait 1 --out out.tsr good.data
	kill -TERM "$pid"
	wait "$pid"
	equal 'a second SIGTERM ends it' 143 $?
	[ ! -e out.tsr ] || fail 'no response: must be written'
	copies stop 40
	held stop 8 --timeout 5 stop/*
	wait "$pid"
	equal 'one SIGTERM lets the 8 under way end and starts no more' 3 $?
	equal 'so the server sees no more' 8 "$(requests stop)"
	equal 'and each file has its message' 40 "$(grep -c '^tsa-stamp: stop/' said)"
}

# What is written to a full pipe has been read in part: tsa-stamp is past its beginning.
interrupted_input()
{
	local pid

	say '-- a signal while standard input is silent'
	rm -f out.tsr
	mkfifo silent && exec 7<>silent || fail mkfifo
	"$STAMP" --url "http://127.0.0.1:$AT/plain" --out out.tsr --json - <silent >told 2>said &
	pid=$!
	at_exit "kill -KILL $pid 2>/dev/null"
	timeout "$WAIT_S" head -c 200000 /dev/zero >&7 || fail 'standard input: must be read'
	kill -TERM "$pid"
	timeout "$WAIT_S" tail --pid="$pid" -f /dev/null || fail 'SIGTERM: must end it: still runs'
	wait "$pid"
	equal 'ends it' 3 $?
	matches 'which JSON says' '^\{"file":"-","status":"not tried","error":"interrupted"\}$' "$(cat told)"
	[ ! -e out.tsr ] || fail 'no response: must be written'
	exec 7<&-
}

dead()
{
	say '-- dead'
	kill "$SERVER"
	wait "$SERVER" 2>/dev/null
	at plain --retries 1
	refused 3 'server: 127\.0\.0\.1 port [0-9]+: Connection refused'
	copies dead 30
	stamp --url "http://127.0.0.1:$AT/" --retries 1 dead/*
	equal 'exit status for 30 files' 3 "$STATUS"
	equal 'each has its message' 30 "$(grep -c '^tsa-stamp: dead/' said)"
	matches 'most were not tried' 'not tried: the server cannot be reached' "$SAID"
	export RES_OPTIONS='timeout:1 attempts:1'
	stamp --url http://no-such-host.invalid/ --out out.tsr good.data
	equal '--json has its line for each file' 2 "$(timeout -k 5 "$WAIT_S" "$STAMP" --json \
		--url http://no-such-host.invalid/ good.data other.data 2>/dev/null |
		grep -c '^{"file":".*data","status":"not tried","error":"host .*"}$')"
	unset RES_OPTIONS
	refused 3 'host no-such-host\.invalid: must have an address'
}

# --- TLS --------------------------------------------------------------------------------------

# tls_certificate NAME SUBJECT_ALT_NAME START END: NAME.pem, certificate and key.
tls_certificate()
{
	{
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
			-keyout "$1.key" -out "$1.csr" &&
			printf 'subjectAltName = %s\n' "$2" >"$1.ext" &&
			openssl ca -batch -config web.cnf -in "$1.csr" -extfile "$1.ext" \
				-startdate "$3" -enddate "$4" -notext -out "$1.cer" &&
			cat "$1.cer" "$1.key" >"$1.pem"
	} 2>web.log || fail "openssl: $(cat web.log)"
}

tls_ca()
{
	local now past

	now=$(date -u -d '-1 hour' +%Y%m%d%H%M%SZ)
	past=$(date -u -d '-30 days' +%Y%m%d%H%M%SZ)
	cat >web.cnf <<-END
		[ca]
		default_ca = web
		[web]
		certificate = web.pem
		private_key = web.key
		database = web.index
		new_certs_dir = .
		rand_serial = yes
		default_md = sha256
		policy = any
		unique_subject = no
		[any]
		commonName = supplied
	END
	: >web.index
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=web CA' \
		-keyout web.key -out web.pem 2>/dev/null || fail 'openssl req'
	tls_certificate right 'DNS:localhost,IP:127.0.0.1' "$now" 20991231235959Z
	tls_certificate elsewhere 'DNS:tsa.example,IP:192.0.2.1' "$now" 20991231235959Z
	tls_certificate expired 'DNS:localhost,IP:127.0.0.1' "$past" "$now"
}

# secure URL_HOST [OPTIONS]
secure()
{
	stamp --url "https://$1:$AT/plain" --no-nonce --retries 1 --out out.tsr "${@:2}" good.data
}

tls()
{
	say '-- TLS'
	tls_ca
	serve web-right "$PWD/right.pem"
	answer plain keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	answer unsaid close good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	secure localhost --ca web.pem
	stamped 'by name'
	secure 127.0.0.1 --ca web.pem
	stamped 'by address'
	copies tls 50
	stamp --url "https://localhost:$AT/plain" --ca web.pem --no-nonce --quiet tls/*
	equal '50 files' 0 "$STATUS$SAID"
	[ "$(used plain)" -le 10 ] || fail "connections: at most 8 and two before: $(used plain)"
	rm tls/*.tsr
	stamp --url "https://localhost:$AT/unsaid" --ca web.pem --no-nonce --quiet --retries 0 tls/*
	equal '50 files, each connection closed after one' 0 "$STATUS$SAID"
	secure localhost
	refused 3 'certificate of localhost: must be good for that name: .*(self-signed|issuer)'
	secure localhost --ca "$WORLD/root.pem"
	refused 3 'certificate of localhost: must be good for that name'
	stamp --url "http://127.0.0.1:$AT/plain" --no-nonce --retries 0 --out out.tsr good.data
	refused 1 'server: '
	serve web-elsewhere "$PWD/elsewhere.pem"
	answer plain keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	secure localhost --ca web.pem
	refused 3 'certificate of localhost: must be good for that name: hostname mismatch'
	secure 127.0.0.1 --ca web.pem
	refused 3 'certificate of 127\.0\.0\.1: must be good for that name: IP address mismatch'
	serve web-expired "$PWD/expired.pem"
	answer plain keep good.tsr 'HTTP/1.1 200 OK' "$REPLY" length
	secure localhost --ca web.pem
	refused 3 'must be good for that name: certificate has expired'
	serve web-none
	secure localhost --ca web.pem --timeout 1 --retries 0
	refused 1 'no complete answer in 1 s'
}

world_new servers
tsad_start
mkdir "$WORLD/w" && cd "$WORLD/w" || exit 1
ask good / -cert -no_nonce
cp "$WORLD/good.data" "$WORLD/good.tsr" .
serve main
odd_but_right
keeps_connections
busy
wrong
broken
interrupted
interrupted_input
dead
tls
tsad_stop
