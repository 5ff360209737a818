#!/bin/bash
# What tsad and a service manager say to each other: sockets handed over (LISTEN_FDS), readiness,
# watchdog and end (NOTIFY_SOCKET), and that no child of tsad's can speak in its name.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

TOLD=

# managed OPTIONS OF tsa-manager: starts tsad under it; TOLD has what the manager was told.
managed()
{
	TOLD=$WORLD/told
	: >"$TOLD"
	world_give
	log_mark
	"$TOOLS/tsa-manager" --out "$TOLD" "$@" -- "$PROGRAMS/sbin/tsad" --config "$CONF" \
		>>"$LOG" 2>&1 </dev/null &
	TSAD_PID=$!
	TSAD_OF[$WORLD]=$TSAD_PID
}

told() # [--count N] REGEX
{
	local count=1

	if [ "$1" = --count ]; then
		count=$2
		shift 2
	fi
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$TSAD_PID" --file "$TOLD" --count "$count" "$1" ||
		fail "manager: wanted $count of '$1': was told: $(cat "$TOLD")"
}

# The address of the socket of that name.
address_of() # NAME
{
	sed -n "s/^listening=\([^ ]*\) name=$1\$/\1/p" "$TOLD"
}

# What the kernel shows of a process that is not dumpable, root may read.
environment_of() # PID
{
	tr '\0' '\n' <"/proc/$1/environ"
}

sockets()
{
	local tsad pid

	say '-- sockets, readiness, watchdog'
	managed --notify "$WORLD/notify" --listen 0=clients --listen 0=admin --watchdog-ms 600
	told '^READY=1' >/dev/null || exit 1
	tsad_ready
	equal 'it serves clients on the socket that it was given' "http://$(address_of clients)" "$URL"
	equal 'and admin on the other' "http://$(address_of admin)" "$ADMIN"
	ask given / -cert
	check 'tokens verify' verifies given root.pem
	equal 'and it is ready' 200 "$(curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "$ADMIN/readyz")"
	matches 'the manager was told what it is at before' 'STATUS=signers prove their keys.*READY=1.STATUS=serving' \
		"$(tr '\n' ' ' <"$TOLD")"
	told --count 4 '^WATCHDOG=1' >/dev/null || exit 1
	say 'it reports twice in the time of the watchdog, again and again'
	tsad=$(sed -n 's/^pid=//p' "$TOLD")
	if [ "$(id -u)" -eq 0 ]; then
		for pid in $(cat "/proc/$tsad/task/$tsad/children"); do
			lacks "$(cat "/proc/$pid/comm"): knows no manager" \
				'NOTIFY_SOCKET|WATCHDOG|LISTEN_' "$(environment_of "$pid")"
		done
		matches 'control: a signer has an environment' 'SOFTHSM2_CONF=' \
			"$(environment_of "$(child_pid signer 'tsu=rel lane=1')")"
	else
		skip 'the environment of children' 'only root can look at it'
	fi
	tsad_stop
	matches 'the manager was told of the end' 'READY=1.*STOPPING=1' "$(tr '\n' ' ' <"$TOLD")"
}

# One socket is given, the other address is bound by tsad; the name need not say anything.
mixed()
{
	local taken

	say '-- one socket of two'
	managed --notify "@tsa-test-$$" --listen 0=tsad.socket
	told '^READY=1' >/dev/null || exit 1
	say 'an abstract notify socket is served as well'
	tsad_ready
	equal 'a socket of another name serves the first address it is bound to' \
		"http://$(address_of tsad.socket)" "$URL"
	taken=${URL#http://}
	tsad_stop
	conf_set tsad listen "$taken"
	managed --notify "$WORLD/notify2" --listen "${taken##*:}=tsad.socket"
	told '^READY=1' >/dev/null || exit 1
	tsad_ready
	equal 'so does one bound to the very port' "http://$taken" "$URL"
	tsad_stop
	conf_set tsad listen 127.0.0.1:0
}

not_ours()
{
	say '-- sockets for another process'
	managed --notify "$WORLD/notify3" --listen 0=clients --other-pid
	told '^READY=1' >/dev/null || exit 1
	tsad_ready
	lacks 'are left alone' "^http://$(address_of clients)\$" "$URL"
	tsad_stop
}

refused() # TEXT REGEX OPTIONS
{
	local text=$1 regex=$2

	shift 2
	managed --notify "$WORLD/notify.$RANDOM" "$@"
	tsad_ended
	equal "$text" 1 "$STATUS"
	matches "$text: it says why" "event=start_failed .*LISTEN_FDS.*$regex" "$(tail -n +1 "$LOG")"
	lacks "$text: it is not ready" 'READY=1' "$(cat "$TOLD")"
}

errors()
{
	say '-- sockets that cannot be'
	refused 'a socket that does not listen' 'descriptor 3: must be a TCP or Unix stream socket that listens' \
		--bound 0=clients
	conf_set tsad listen '127.0.0.2:0'
	refused 'a socket for nobody' 'descriptor 4 .*is not' --listen 0=admin --listen 0=tsad.socket
	conf_set tsad listen 127.0.0.1:0
	conf_drop tsad admin
	refused 'a socket for an admin listener that is not configured' 'named.*admin.*is not' \
		--listen 0=clients --listen 0=admin
	conf_write >"$CONF"
}

nobody_listens()
{
	say '-- a manager that is not there'
	NOTIFY_SOCKET=$WORLD/none tsad_start
	matches 'is a warning' 'level=warning .*event=notify_failed socket=[^ ]*/none' "$(cat "$LOG")"
	tsad_stop
}

world_new activation
sockets
mixed
not_ours
errors
nobody_listens
