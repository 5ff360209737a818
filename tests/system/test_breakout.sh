#!/bin/bash
# Roles that were taken over (issue 3, item 4): the real tsad with one program in its libexec/tsa that
# is the real role and then tries what it may not (tests/breakout).  Each attempt is killed or
# refused as the role's profile says; tsad says so, starts the role again and goes on.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# What landlock refuses, others may do where the kernel has none.
has_landlock()
{
	grep -q 'event=landlock_missing' "$LOG" || return 0
	skip 'what landlock refuses' 'this kernel has none'
	return 1
}

# A tree of programs in which ROLE is the one that breaks out. Its folder is the user's, who removes
# the plan once it is read.
programs() # ROLE
{
	PROGRAMS=$TEST_DIR/with-$1
	mkdir -p "$PROGRAMS/sbin" "$PROGRAMS/libexec"
	cp "$TSA_BUILD/sbin/tsad" "$PROGRAMS/sbin/"
	cp -r "$TSA_BUILD/libexec/tsa" "$PROGRAMS/libexec/"
	cp "$TSA_BUILD/tests/breakout/tsa-$1" "$PROGRAMS/libexec/tsa/"
	chmod 755 "$PROGRAMS" "$PROGRAMS"/* "$PROGRAMS/libexec/tsa"
	[ "$(id -u)" -ne 0 ] || chown "$TEST_USER:" "$PROGRAMS/libexec/tsa"
}

# The next process of the role tries it when it has told tsad its first message.
attempt() # ROLE ATTEMPT
{
	printf '%s 1\n' "$2" >"$PROGRAMS/libexec/tsa/breakout"
	log_mark
	kill -KILL "$(child_pid "$1")" || fail "$1: must run"
	log_await " event=child_started child=$1 " >/dev/null || exit 1
}

killed() # ROLE ATTEMPT...
{
	local role=$1 what

	shift
	for what in "$@"; do
		attempt "$role" "$what"
		log_await " level=warning role=tsad event=child_died child=$role .*signal=31" >/dev/null ||
			exit 1
		log_await --count 2 " event=child_started child=$role " >/dev/null || exit 1
		comes_back "$role"
		say "$role: $what: killed, tsad says so and starts another"
	done
}

refused() # ROLE ERROR ATTEMPT...
{
	local role=$1 error=$2 what

	shift 2
	for what in "$@"; do
		attempt "$role" "$what"
		log_await " role=$role event=breakout attempt=$what result=$error" >/dev/null || exit 1
		comes_back "$role"
		say "$role: $what: refused with $error, it goes on"
	done
}

ready_line() # ROLE
{
	if [ "$1" = ledger ]; then echo ' role=tsad event=database_connected '; else echo " role=$1 event=ready "; fi
}

comes_back() # ROLE: the first message goes before its own word that it is ready
{
	log_await "$(ready_line "$1")" >/dev/null || exit 1
	# A token in between: it serves, and what works again is started again without delay.
	ask between /fast
	equal "$1: a token" granted "$(reply_status between)" >/dev/null
}

still_serves() # ROLE
{
	ask "after-$1" / -cert
	check "$1: after all this tokens are issued" verifies "after-$1" root.pem
	equal "$1: and tsad is the same" "$(cat "/proc/$TSAD_PID/comm")" tsad
	tsad_stop
	check "$1: counters are dense" journal_is_dense
}

everywhere='listen_there run_program fork_child trace_parent signal_parent executable_memory
	executable_data writable_code own_limits terminal namespaces'

front()
{
	say '-- the front'
	programs front
	tsad_start
	# shellcheck disable=SC2086 # words
	killed front $everywhere make_folder connect_out bind_port
	refused front EPERM make_socket packet_socket
	if [ -n "$sanitized" ]; then
		refused front EPERM read_file create_file
	else
		killed front read_file create_file
	fi
	still_serves front
}

journal()
{
	say '-- the journal'
	programs journal
	tsad_start
	# shellcheck disable=SC2086 # words
	killed journal $everywhere make_folder connect_out bind_port make_socket packet_socket
	if has_landlock; then refused journal EACCES read_file create_file; fi
	still_serves journal
}

ledger()
{
	say '-- the ledger'
	programs ledger
	conf_set tsad database "$LEDGER"
	tsad_start
	log_await ' event=database_connected ' >/dev/null || exit 1
	# shellcheck disable=SC2086 # words
	killed ledger $everywhere packet_socket
	refused ledger EPERM create_file make_folder bind_port
	if has_landlock; then refused ledger EACCES read_file connect_out; fi
	still_serves ledger
	equal 'every token is on record' "$(journal_serials | wc -l)" \
		"$(sql 'select count(*) from ledger.record where kind = 0')"
}

without_landlock()
{
	local profile

	say '-- a kernel without landlock'
	PROGRAMS=$TSA_BUILD
	world_give
	log_mark
	"$TOOLS/tsa-no-landlock" "$PROGRAMS/sbin/tsad" --config "$CONF" >>"$LOG" 2>&1 </dev/null &
	TSAD_PID=$!
	TSAD_OF[$WORLD]=$TSAD_PID
	tsad_ready
	log_await ' event=database_connected ' >/dev/null || exit 1
	for profile in front journal ledger; do
		log_await " level=warning role=$profile event=landlock_missing profile=$profile " \
			>/dev/null || exit 1
		say "$profile: says that it has only seccomp"
	done
	still_serves without-landlock
}

sanitized=
! readelf -d "$TSA_BUILD/libexec/tsa/tsa-front" | grep -q libasan || sanitized=yes
world_new breakout
ledger_new
ledger_login
front
journal
ledger
without_landlock
