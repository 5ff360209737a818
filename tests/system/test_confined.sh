#!/bin/bash
# Confinement (design 2; R11, R14; issue 3, item 4): front, journal and ledger under seccomp, the
# front with no descriptor but its sockets, every process without new privileges and not dumpable,
# the PIN nowhere to be seen.  Started by root, tsad is another user, so that "not dumpable" shows in
# who owns /proc/PID.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

user=
[ "$(id -u)" -ne 0 ] || user="setpriv --reuid=$TEST_USER --regid=$(id -g "$TEST_USER") --clear-groups --"

status_of() # PID KEY
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

as_user()
{
	# shellcheck disable=SC2086 # words
	$user "$@"
}

every_process() # LABEL PID
{
	equal "$1: no new privileges" 1 "$(status_of "$2" NoNewPrivs)"
	equal "$1: no capability" 0000000000000000 "$(status_of "$2" CapEff)"
	equal "$1: none to be had" 0000000000000000 "$(status_of "$2" CapPrm)"
	equal "$1: leaves no core" '0' "$(awk '/^Max core file size/ { print $5 }' "/proc/$2/limits")"
	refuse "$1: not dumpable: its own user cannot read its environment" as_user cat "/proc/$2/environ"
	refuse "$1: nor its memory map" as_user cat "/proc/$2/maps"
	refuse "$1: nor its memory, for which ptrace is asked" as_user bash -c ": <'/proc/$2/mem'"
	[ -z "$user" ] || runs_as_user "$1" "$2"
	equal "$1: one thread" 1 "$(status_of "$2" Threads)"
}

runs_as_user() # LABEL PID
{
	local uid gid

	uid=$(id -u "$TEST_USER") gid=$(id -g "$TEST_USER")
	equal "$1: runs as $TEST_USER" "$uid $uid $uid $uid" "$(status_of "$2" Uid | tr '\t' ' ')"
	equal "$1: and its group" "$gid $gid $gid $gid" "$(status_of "$2" Gid | tr '\t' ' ')"
	lacks "$1: in no group of root's" '(^| )0( |$)' "$(status_of "$2" Groups)"
}

# What only root can see of a process that is not dumpable.
root_only()
{
	[ -n "$user" ] || { skip "$1" 'only root can look at it'; return 1; }
}

# Descriptors 0 to 2 are tsad's (log); the rest are sockets and the loop's own.
front_descriptors() # LABEL PID
{
	local fd target

	for fd in "/proc/$2/fd"/*; do
		[ "${fd##*/}" -gt 2 ] || continue
		target=$(readlink "$fd") || continue
		[[ $target =~ ^(socket:|anon_inode:\[(eventpoll|eventfd|timerfd|signalfd)\]|pipe:) ]] ||
			fail "$1: holds sockets only: descriptor ${fd##*/} is $target"
	done
	say "$1: holds sockets only"
}

fronts()
{
	local label pid

	for label in front admin; do
		pid=$(child_pid $label) || exit 1
		every_process "$label" "$pid"
		equal "$label: seccomp filter" 2 "$(status_of "$pid" Seccomp)"
		root_only "descriptors, environment and memory map of $label" || continue
		front_descriptors "$label" "$pid"
		equal "$label: has no environment" 0 "$(wc -c <"/proc/$pid/environ")"
		lacks "$label: no PKCS#11 module is mapped" 'softhsm|libcrypto|libpq' "$(cat "/proc/$pid/maps")"
	done
}

others()
{
	local line pid label
	# A signer's module is its vendor's, who may need anything.
	local -A seccomp=([signer]=0 [journal]=2 [ledger]=2)

	every_process tsad "$TSAD_PID"
	while read -r line; do
		label=$(log_value child "$line") || exit 1
		pid=$(log_value pid "$line") || exit 1
		every_process "$label" "$pid"
		equal "$label: seccomp filter" "${seccomp[$label]}" "$(status_of "$pid" Seccomp)"
		[ "$label" != signer ] || equal 'signer: has few descriptors' '1024 1024' \
			"$(awk '/^Max open files/ { print $4, $5 }' "/proc/$pid/limits")"
		lacks "$label: the command line says nothing" "$(cat "$WORLD/pin")" \
			"$(tr '\0' ' ' <"/proc/$pid/cmdline")"
		root_only "the environment of $label" || continue
		lacks "$label: nor the environment" "$(cat "$WORLD/pin")" \
			"$(tr '\0' ' ' <"/proc/$pid/environ")"
	done < <(grep -E ' event=child_started child=(signer|journal|ledger)' "$LOG")
	equal 'front, admin, journal, signer and ledger were looked at' 5 "$(sed -n 's/.* event=child_started child=\([a-z]*\).*/\1/p' "$LOG" |
		sort -u | wc -l)"
	lacks 'nor the log' "$(cat "$WORLD/pin")" "$(cat "$LOG")"
	lacks "nor the arguments of tsad" "$(cat "$WORLD/pin")" "$(tr '\0' ' ' <"/proc/$TSAD_PID/cmdline")"
}

journal_sees_its_directory()
{
	local pid fd target

	root_only 'descriptors of the journal' || return 0
	pid=$(child_pid journal) || exit 1
	for fd in "/proc/$pid/fd"/*; do
		[ "${fd##*/}" -gt 2 ] || continue
		target=$(readlink "$fd") || continue
		[[ $target =~ ^(socket:|$WORLD/journal) ]] ||
			fail "journal: holds its channel and its directory: descriptor ${fd##*/} is $target"
	done
	say 'journal: holds its channel and its directory'
}

world_new confined
ledger_new
ledger_login
conf_set tsad database "$LEDGER"
# The control: a process of that user that did nothing for it can be read by its user.
: >"$TEST_DIR/control"
# shellcheck disable=SC2086 # words
(exec $user bash -c 'echo up; exec sleep 600') >"$TEST_DIR/control" &
control=$!
at_exit "kill $control 2>/dev/null"
"$TOOLS/tsa-await" --timeout 10 --pid "$control" --file "$TEST_DIR/control" '^up' >/dev/null ||
	fail 'control: must start'
check 'control: the environment of another process of the user can be read' \
	as_user cat "/proc/$control/environ"
check 'control: and its memory opened' as_user bash -c ": <'/proc/$control/mem'"
ulimit -n 4096
# What whoever starts tsad left open must not reach its children.
exec 9<"$WORLD/pin"
tsad_start
exec 9<&-
log_await ' event=database_connected ' >/dev/null || exit 1
fronts
others
journal_sees_its_directory
ask confined / -cert
check 'confined, it serves' verifies confined root.pem
check 'and shows its pages' curl -fsS --max-time 20 -o "$WORLD/got" "$URL/"
tsad_stop
