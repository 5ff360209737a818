#!/bin/bash
# What dies, hangs or ends in the middle of a reload: the service goes on with one of the two
# configurations, whole, and nothing is lost (R18).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

# hup_until REGEX: SIGHUP, and the log line that this begins with.
hup_until()
{
	log_mark
	hup
	LINE=$(log_await "$1") || exit 1
}

outcome()
{
	LINE=$(log_await ' event=reload_(done|refused) ') || exit 1
}

kill_one() # SIGNAL PID
{
	kill "-$1" "$2" || fail "pid $2: must run"
}

signers()
{
	local child

	for child in $(tsad_children); do cat "/proc/$child/comm"; done | grep -c '^tsa-signer$'
}

# Sure, unless all the others prove their keys before this script has its turn.
new_signer()
{
	local try

	say '-- kill -9 of a new signer before all are proven'
	for ((try = 1; try <= 5; try++)); do
		conf_other
		hup_until ' event=child_started child=signer .*pid='
		kill_one KILL "$(log_value pid "$LINE")"
		outcome
		[[ $LINE == *' event=reload_done '* ]] || break
		conf_good
		reload 'too late: once more' shown
	done
	matches 'the reload is refused' ' event=reload_refused .*ended with signal 9' "$LINE"
	children_settle 2
	equal 'the old ones go on' 2 "$(signers)"
	reload 'the next one' shown
}

# The front stands still, so the reload waits for it and the old signers stay.
old_signer()
{
	local pid front

	say '-- kill -9 of a signer in force meanwhile'
	conf_good
	pid=$(child_pid signer 'tsu=ec lane=1') || exit 1
	front=$(child_pid front) || exit 1
	kill_one STOP "$front"
	hup_until ' event=reload_begin '
	kill_one KILL "$pid"
	log_await " event=child_died child=signer pid=$pid " >/dev/null || exit 1
	kill_one CONT "$front"
	outcome
	matches 'the reload is done' ' event=reload_done ' "$LINE"
}

journal()
{
	say '-- kill -9 of the journal meanwhile'
	conf_other
	hup_until ' event=reload_begin '
	kill_one KILL "$(child_pid journal)"
	outcome
	matches 'the reload is done' ' event=reload_done ' "$LINE"
	log_await ' event=journal_resumed ' >/dev/null || exit 1
	ask spare /extra -cert
	check 'the new unit signs' verifies spare root.pem
	equal 'its certificates are in the journal' 3 "$(find "$WORLD/journal" -name 'tsu-*' | wc -l)"
}

# It stands still, so the tables are not taken: the reload waits for it.
front_with_tables() # SIGNAL that it gets then; may be none: tsad kills it
{
	local front

	front=$(child_pid front) || exit 1
	kill_one STOP "$front"
	log_mark
	hup
	log_await --count "$2" ' event=signer_ready ' >/dev/null || exit 1
	[ -z "$1" ] || kill_one "$1" "$front"
	outcome
	matches 'the reload is done' ' event=reload_done ' "$LINE"
	log_await ' role=front event=ready ' >/dev/null || exit 1
}

front()
{
	local pid

	say '-- the front dies while it has new tables'
	conf_other
	front_with_tables KILL 4
	ask tables /extra -cert
	check 'the next front has the new tables' verifies tables root.pem
	say '-- the front hangs: it is killed'
	conf_good
	front_with_tables '' 2
	matches 'after 10 s' ' event=front_timeout ' "$(tail -c "+$((LOG_AT + 1))" "$LOG" | grep front_timeout)"
	ask tables /extra
	equal 'the next front has the new tables' 404 "$HTTP"
	say '-- the front dies while signers prove their keys'
	conf_other
	pid=$(child_pid front) || exit 1
	hup_until ' event=reload_begin '
	kill_one KILL "$pid"
	outcome
	matches 'the reload is done' ' event=reload_done ' "$LINE"
	log_await ' role=front event=ready ' >/dev/null || exit 1
	ask tables /extra -cert
	check 'the next front has the new tables' verifies tables root.pem
}

stop_meanwhile()
{
	local children child

	say '-- SIGTERM meanwhile'
	conf_good
	load_begin /fast --clients 16 --requests 20000 --until-closed --trust "$WORLD/root.pem" \
		--out "$WORLD/more"
	conf_set rel lanes 40 # so that it cannot be done before the SIGTERM
	hup_until ' event=child_started child=signer '
	kill_one STOP "$(log_value pid "$LINE")"
	children=$(tsad_children)
	kill_one TERM "$TSAD_PID"
	tsad_ended
	conf_good
	equal 'tsad exits 0' 0 "$STATUS"
	load_end
	equal "every request that was accepted has its good answer: $SUMMARY" 0 "$STATUS"
	cat "$WORLD/more" >>"$WORLD/all"
	matches 'the reload is given up' ' event=reload_refused .*stopping' "$(grep ' event=reload_' "$LOG" | tail -n 1)"
	for child in $children; do
		[ ! -e "/proc/$child" ] || fail "child $child: must have exited: it runs"
	done
	equal 'the lease is closed' 3 "$(journal_dump | tail -n 1 | cut -d' ' -f4)"
}

too_early()
{
	say '-- SIGHUP before the service runs'
	tsad_launch
	log_await ' event=child_started child=journal ' >/dev/null || exit 1
	hup
	tsad_ready
	matches 'is said to be ignored, and no harm' ' event=reload_ignored ' \
		"$(tail -c "+$((LOG_AT + 1))" "$LOG" | grep ' event=reload_')"
	ask early /fast -cert
	check 'the service serves' verifies early root.pem
}

reload_world faults
tsad_start
under_load
new_signer
old_signer
journal
no_load 'a signer or the journal dies in a reload'
front
stop_meanwhile
too_early
tsad_stop
nothing_is_lost
