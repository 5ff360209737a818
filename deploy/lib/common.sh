# shellcheck shell=bash
# What the deploy programs share.  Sets nothing but functions; the program that sources this sets
# PROGRAM (its name for messages), TOP (the source tree) and LOGS (folder of its steps' output).

say()
{
	printf '%s\n' "$*"
}

step()
{
	printf '==> %s\n' "$*"
}

fail() # THING: RULE: FINDING
{
	printf '%s: %s\n' "$PROGRAM" "$*" >&2
	exit 1
}

# Runs a command, or a function of ours, with each command it runs and all output in
# $LOGS/NAME.log; if it fails, says so with the end of that.
logged() # NAME COMMAND...
{
	local log=$LOGS/$1.log status=0

	mkdir -p "$LOGS"
	(
		set -x
		"${@:2}"
	) >"$log" 2>&1 </dev/null || status=$?
	[ "$status" -ne 0 ] || return 0
	tail -n 25 "$log" | sed 's/^/    /' >&2
	fail "step $1: must succeed: it ended with status $status; its commands and output are in $log"
}

# For a process that stays when we have gone: it must not hold our lock, or a pipe that our caller
# reads to its end.  To be called in a subshell that then execs.
close_descriptors()
{
	local fd

	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
}

is_root()
{
	[ "$(id -u)" -eq 0 ]
}

# Words for a person: how long this run has taken.
elapsed()
{
	printf '%d s' "$SECONDS"
}
