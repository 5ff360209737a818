#!/bin/bash
# Started as root (R11): listeners are bound as root, everything else is done as `user', for good;
# what that user cannot reach is an error that names thing, user and the folder in the way.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# As lib.sh's, but the world's files stay whose they are.
keep_owners()
{
	world_give() { :; }
}

# finding TEXT REGEX...: start and --check say the same.
finding()
{
	local text=$1 said how regex

	shift
	for how in '' --check; do
		tsad_run ${how:+"$how"}
		equal "$text ${how:-at start}" 1 "$STATUS" >/dev/null
		said=$(grep -E '(event=start_failed)|^FINDING: ' "$LOG")
		for regex in "$@"; do
			[[ $said =~ $regex ]] || fail "$text ${how:-at start}: wanted '$regex' in: $said"
		done
		[ -n "$how" ] ||
			lacks "$text: no process was started" 'event=child_started' "$(cat "$LOG")" >/dev/null
	done
	say "$text: $said"
}

users()
{
	say '-- who it is'
	conf_set tsad user no-such-user
	finding 'a user that is not there' '\[tsad\] user' 'no-such-user.* does not'
	conf_set tsad user root
	finding 'root' '\[tsad\] user' 'neither root nor .*root.* is'
	conf_set tsad user ''
	tsad_run
	matches 'no user' 'user: has no value' "$(complaints)"
	conf_set tsad user "$TEST_USER"
}

out_of_reach()
{
	local closed=$TEST_DIR/closed

	say '-- what it cannot reach'
	mkdir -m 700 "$closed"
	mkdir "$closed/journal" "$closed/tokens"
	chown "$TEST_USER:" "$closed/journal" "$closed/tokens"
	conf_set tsad journal "$closed/journal"
	finding 'a journal below a folder of root' "journal $closed/journal: user $TEST_USER" \
		": $closed: Permission denied"
	mkdir -m 700 "$WORLD/roots"
	conf_set tsad journal "$WORLD/roots"
	finding 'a journal of root' "journal $WORLD/roots: user $TEST_USER must" \
		": $WORLD/roots: Permission denied"
	conf_set tsad journal "$WORLD/journal"
	(umask 077 && cp "$WORLD/pin" "$WORLD/roots-pin")
	conf_set rel pin_file "$WORLD/roots-pin"
	finding 'a PIN of root' "pin_file $WORLD/roots-pin: user $TEST_USER must"
	conf_set rel pin_file "$WORLD/pin"
	sed -i "s#tokendir = .*#tokendir = $closed/tokens#" "$SOFTHSM2_CONF"
	finding 'a token of root' "token directory $closed/tokens: user $TEST_USER must" \
		": $closed: Permission denied"
	sed -i "s#tokendir = .*#tokendir = $WORLD/tokens#" "$SOFTHSM2_CONF"
}

# tsad itself, certificates and configuration are read before root is given up.
below_a_closed_folder()
{
	say '-- what root reads'
	mkdir -p "$TEST_DIR/closed/libexec" "$TEST_DIR/closed/sbin"
	cp "$TSA_BUILD/sbin/tsad" "$TEST_DIR/closed/sbin/"
	cp -r "$TSA_BUILD/libexec/tsa" "$TEST_DIR/closed/libexec/"
	cp "$WORLD/rel.pem" "$TEST_DIR/closed/"
	conf_set rel certificate "$TEST_DIR/closed/rel.pem"
	PROGRAMS=$TEST_DIR/closed
	tsad_start
	matches 'it says who it is' "event=running_as user=$TEST_USER uid=$(id -u "$TEST_USER") " \
		"$(cat "$LOG")"
	matches 'a certificate that a reload cannot read is a warning' \
		"level=warning .*certificate $TEST_DIR/closed/rel.pem: user $TEST_USER" "$(cat "$LOG")"
	equal "its processes are named as ever" 'tsa-front tsa-journal tsa-signer' \
		"$(for pid in $(tsad_children); do cat "/proc/$pid/comm"; done | sort -u | paste -sd ' ')"
	ask closed / -cert
	check 'programs below a folder that the user cannot enter serve' verifies closed root.pem
	kill -KILL "$(child_pid signer 'tsu=rel lane=1')"
	log_await --count 2 ' event=child_started child=signer tsu=rel lane=1 ' >/dev/null || exit 1
	say 'and are started again'
	tsad_stop
}

# A port below 1024, which the user itself may not bind, is bound by root.
low_port()
{
	local port

	for port in 1009 1010 1011 1012 1013 1014; do
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
		conf_set tsad listen "127.0.0.1:$port"
		tsad_start
		equal 'a low port is bound' "http://127.0.0.1:$port" "$URL"
		ask low / -cert
		check 'and served' verifies low root.pem
		tsad_stop
		return
	done
	fail 'low ports: one of 1009 to 1014 must be free'
}

world_new user
if [ "$(id -u)" -ne 0 ]; then
	conf_set tsad user no-such-user
	tsad_start
	lacks 'started by an ordinary user it stays who it is' 'event=running_as' "$(cat "$LOG")"
	tsad_stop
	skip 'becoming another user' 'only root can'
	exit 0
fi
world_give
keep_owners
chown "$TEST_USER:" "$SOFTHSM2_CONF"
users
out_of_reach
below_a_closed_folder
low_port
