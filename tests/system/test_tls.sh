#!/bin/bash
# A proxy in front that speaks TLS: deploy/haproxy.cfg itself with Debian's haproxy, over tsad's Unix
# socket; client certificates (P-29), and tokens that do not tell them apart (P-04).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# A certificate of the test's own web CA: NAME.pem holds it and its key.
web_certificate() # NAME EXTENSION...
{
	local name=$1

	shift
	printf '%s\n' "$@" >"$WORLD/tls/ext"
	openssl req -newkey rsa:2048 -nodes -keyout "$WORLD/tls/$name.key" -subj "/CN=$name" \
		-out "$WORLD/tls/csr" 2>/dev/null &&
		openssl x509 -req -in "$WORLD/tls/csr" -CA "$WORLD/tls/ca.pem" -CAkey "$WORLD/tls/ca.key" \
			-days 2 -extfile "$WORLD/tls/ext" -out "$WORLD/tls/$name.crt" 2>/dev/null &&
		cat "$WORLD/tls/$name.crt" "$WORLD/tls/$name.key" >"$WORLD/tls/$name.pem" ||
		fail "web certificate $name"
}

web_certificates()
{
	mkdir "$WORLD/tls" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=web CA' \
		-keyout "$WORLD/tls/ca.key" -out "$WORLD/tls/ca.pem" 2>/dev/null || fail 'web CA'
	web_certificate server 'subjectAltName=DNS:tsa.example' 'extendedKeyUsage=serverAuth'
	web_certificate alice 'extendedKeyUsage=clientAuth'
	web_certificate bob 'extendedKeyUsage=clientAuth'
}

# The sample as it is, but for its ports, files, connections and the socket: listeners are Unix sockets here too, so
# that no port has to be free. haproxy returns once it listens.
proxy_start()
{
	sed -e "s|bind :80\$|bind unix@$WORLD/proxy/http.sock|
		s|maxconn 4000|maxconn 100|
		s|bind :443 |bind unix@$WORLD/proxy/https.sock |
		s|bind :8443 |bind unix@$WORLD/proxy/clients.sock |
		/bind \[::\]/d
		s|/etc/tsa/tls.pem|$WORLD/tls/server.pem|
		s|/etc/tsa/clients.pem|$WORLD/tls/ca.pem|
		s|/run/tsa/http.sock|$WORLD/run/http.sock|" "$TSA_SOURCE/deploy/haproxy.cfg" >"$WORLD/haproxy.cfg"
	[ "$(id -u)" -eq 0 ] || sed -i '/^\t\(user\|group\) /d' "$WORLD/haproxy.cfg"
	mkdir "$WORLD/proxy" && chmod 711 "$WORLD" "$WORLD/proxy" || fail 'proxy: its folder'
	check 'the sample is taken by haproxy' haproxy -c -f "$WORLD/haproxy.cfg"
	haproxy -D -f "$WORLD/haproxy.cfg" -p "$WORLD/proxy/pid" 2>"$WORLD/proxy/said" ||
		fail "haproxy: must start: $(cat "$WORLD/proxy/said")"
	at_exit "kill \$(cat '$WORLD/proxy/pid')"
}

# By which address: http, https, clients.
through() # SOCKET SCHEME PATH OPTIONS
{
	local at="$WORLD/proxy/$1.sock" url="$2://tsa.example$3"

	shift 3
	curl -sS --max-time 20 --unix-socket "$at" --cacert "$WORLD/tls/ca.pem" "$@" "$url"
}

stamp_through() # NAME SOCKET SCHEME OPTIONS: NAME.tsr for art.tsq; sets HTTP and TYPE
{
	local name=$1 said

	shift
	said=$(through "$1" "$2" / -o "$WORLD/$name.tsr" -w '%{http_code} %{content_type}' \
		-H 'Content-Type: application/timestamp-query' --data-binary "@$WORLD/art.tsq" \
		"${@:3}") || fail "$name: $* must be answered: $said"
	HTTP=${said%% *}
	TYPE=${said#* }
	cp "$WORLD/art.tsq" "$WORLD/$name.tsq"
	cp "$WORLD/art.data" "$WORLD/$name.data"
}

# The TSTInfo, field by field, without what must differ: serial and genTime.
said_in() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out -out "$WORLD/$1.token" &&
		openssl cms -verify -noverify -inform DER -in "$WORLD/$1.token" -out "$WORLD/$1.tst" 2>/dev/null &&
		openssl asn1parse -inform DER -in "$WORLD/$1.tst" |
		awk '!/GENERALIZEDTIME/ && !(/INTEGER/ && ++n == 2)' | sed 's/^ *[0-9]*:d=/d=/'
}

unix_socket()
{
	local socket=$WORLD/run/http.sock pid

	say '-- the Unix socket'
	mkdir "$WORLD/run"
	conf_set tsad listen "127.0.0.1:0, unix:$socket"
	tsad_start
	equal 'everyone who reaches it may connect' 'srw-rw-rw-' "$(stat -c %A "$socket")"
	equal 'HTTP is served on it' 200 "$(curl -sS --max-time 20 --unix-socket "$socket" -o /dev/null \
		-w '%{http_code}' http://tsa.example/)"
	tsad_kill
	check 'after a crash it is still there' [ -S "$socket" ]
	tsad_start
	say 'and is replaced at the next start, as nobody listens on it'
	# Another service must not take it while this one serves. The listener of the second is that alone.
	cp "$CONF" "$WORLD/second.conf"
	sed -i "s|^listen = .*|listen = unix:$socket|; /^admin = /d" "$WORLD/second.conf"
	pid=$(timeout -k 5 "$WAIT_S" "$PROGRAMS/sbin/tsad" --config "$WORLD/second.conf" 2>&1)
	matches 'a second service does not get it' "start_failed .*listen unix:$socket: must be free" "$pid"
	equal 'it still serves' 200 "$(curl -sS --max-time 20 --unix-socket "$socket" -o /dev/null \
		-w '%{http_code}' http://tsa.example/)"
	tsad_stop
	refuse 'it is gone when tsad has stopped' [ -e "$socket" ]
	: >"$socket"
	tsad_run
	matches 'a file that is no socket is left alone' "listen unix:$socket: must be free" "$(complaints)"
	check 'and still there' [ -f "$socket" ]
	rm "$socket"
}

no_limit()
{
	local socket=$WORLD/run/http.sock i

	say '-- its clients are not limited: the proxy does that'
	conf_set tsad rate_limit 1
	tsad_start
	for ((i = 0; i < 20; i++)); do
		printf 'url = "http://tsa.example/"\nunix-socket = "%s"\noutput = "/dev/null"\nwrite-out = "%s"\n' \
			"$socket" '%{http_code}\n'
		[ "$i" -eq 19 ] || echo next
	done >"$WORLD/many"
	equal 'twenty at once' 200 "$(curl -sS --max-time 20 -K "$WORLD/many" | sort -u)"
}

proxied()
{
	local one two

	say '-- through the proxy'
	web_certificates
	proxy_start
	head -c 100 /dev/urandom >"$WORLD/art.data"
	openssl ts -query -data "$WORLD/art.data" -sha256 -cert -out "$WORLD/art.tsq" 2>/dev/null ||
		fail 'openssl ts -query'
	stamp_through plain http http
	equal 'T-04 P-22 by HTTP' '200 application/timestamp-reply' "$HTTP $TYPE"
	check 'its token verifies' verifies plain root.pem
	stamp_through secure https https
	equal 'T-04 P-22 by HTTPS' '200 application/timestamp-reply' "$HTTP $TYPE"
	check 'its token verifies' verifies secure root.pem
	stamp_through expect https https -H 'Expect: 100-continue' --http1.1
	equal 'with Expect: 100-continue' 200 "$HTTP"
	stamp_through old http http --http1.0 -H 'Connection: keep-alive'
	equal 'by HTTP/1.0' '200 application/timestamp-reply' "$HTTP $TYPE"
	refuse 'P-29 without a certificate the third address answers nothing' \
		through clients https / -o /dev/null
	stamp_through alice clients https --cert "$WORLD/tls/alice.pem"
	equal 'P-29 with one it does' '200 application/timestamp-reply' "$HTTP $TYPE"
	check 'its token verifies' verifies alice root.pem
	stamp_through bob clients https --cert "$WORLD/tls/bob.pem"
	check 'and that of another client' verifies bob root.pem
	one=$(said_in alice) && two=$(said_in bob) || fail 'P-04: both tokens must be readable'
	check 'control: there is something to compare' [ "$(wc -l <<<"$one")" -ge 12 ]
	equal 'P-04 their TSTInfo differ in serial and genTime alone' '' "$(diff <(echo "$one") <(echo "$two"))"
	refuse 'P-04 but they differ in these' cmp -s "$WORLD/alice.tst" "$WORLD/bob.tst"
	lacks 'P-04 no name of a client is in a token' 'alice|bob' \
		"$(strings "$WORLD/alice.tsr" "$WORLD/bob.tsr")"
	tsad_stop
	equal 'without tsad the proxy says so' 503 "$(through http http / -o /dev/null -w '%{http_code}')"
}

# What systemd opens is served as well, and is not tsad's to take away.
activated()
{
	local socket=$WORLD/given.sock told=$WORLD/told

	say '-- a Unix socket that the service manager opened'
	conf_set tsad listen "unix:$socket"
	: >"$told"
	world_give
	log_mark
	"$TOOLS/tsa-manager" --out "$told" --notify "$WORLD/notify" --listen "unix:$socket=clients" -- \
		"$PROGRAMS/sbin/tsad" --config "$CONF" >>"$LOG" 2>&1 </dev/null &
	TSAD_PID=$!
	TSAD_OF[$WORLD]=$TSAD_PID
	log_await ' role=tsad event=ready( |$)' >/dev/null || exit 1
	equal 'is served' 200 "$(curl -sS --max-time 20 --unix-socket "$socket" -o /dev/null \
		-w '%{http_code}' http://tsa.example/)"
	tsad_stop
	check 'and stays where it is' [ -S "$socket" ]
}

world_new tls
unix_socket
no_limit
proxied
activated
