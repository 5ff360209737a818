#!/bin/bash
# A front that was taken over (issue 3, point 5): the worst it can do is ask for tokens at the
# present time.  tsa-hostile-front stands in the place of tsa-front; everything else is real.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

MAX_RSS_KB=200000 # 64 MiB of answers nobody reads, what malloc adds, and tsad itself
[ ! -e "$TSA_BUILD/CMakeCache.txt" ] || ! grep -q '^TSA_SANITIZE:.*=.*address' "$TSA_BUILD/CMakeCache.txt" ||
	MAX_RSS_KB=800000 # shadow memory and quarantine
ASKED=0 # requests that tsad had to serve

# The build's programs with another front; the real one stands beside it, for the admin listener.
prepare()
{
	PROGRAMS=$TEST_DIR/programs
	mkdir -p "$PROGRAMS/sbin" "$PROGRAMS/libexec"
	cp "$TSA_BUILD/sbin/tsad" "$PROGRAMS/sbin/"
	cp -r "$TSA_BUILD/libexec/tsa" "$PROGRAMS/libexec/"
	mv "$PROGRAMS/libexec/tsa/tsa-front" "$PROGRAMS/libexec/tsa/tsa-front.real"
	cp "$TOOLS/tsa-hostile-front" "$PROGRAMS/libexec/tsa/tsa-front"
}

order() # SECONDS ORDER: SAID is what the front says to it, ENDED how the connection ended
{
	"$TOOLS/tsa-raw" "$PORT" "$1" "text:$2\\n" >"$WORLD/said" 2>"$WORLD/how" ||
		fail "order $2: $(cat "$WORLD/how")"
	SAID=$(cat "$WORLD/said")
	ENDED=$(log_value end "$(cat "$WORLD/how")")
}

memory_kb() # KEY
{
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$TSAD_PID/status"
}

# 0 where only root can look (tsad is not dumpable).
descriptors()
{
	[ "$(id -u)" -eq 0 ] || { echo 0; return; }
	find "/proc/$TSAD_PID/fd" -mindepth 1 | wc -l
}

# What the other roles are: none may have been started again.
others()
{
	grep -E ' event=child_started ' "$LOG" | grep -vc ' child=front '
}

# The front that runs now ends, and another one comes; sets DIED.
replaced() # PID
{
	DIED=$(log_await " event=child_died child=front pid=$1 ") || exit 1
	log_await ' event=child_started child=front ' >/dev/null || exit 1
}

honest() # COUNT ORDER: every request is served
{
	order 60 "$2 $1"
	equal "$2: $1 requests" "tokens=$1 answers=$1" "$SAID"
	ASKED=$((ASKED + $1))
}

lies() # LIE...
{
	local name pid

	for name in "$@"; do
		pid=$(child_pid front) || exit 1
		log_mark
		order 60 "$name"
		lacks "$name: is a lie" '^cannot' "$SAID"
		log_await ' event=(front|child)_bad_message ' >/dev/null || exit 1
		replaced "$pid"
		matches "$name: costs the front its life" ' signal=9' "$DIED"
		equal "$name: is one line in the log" 1 \
			"$(tail -c "+$LOG_AT" "$LOG" | grep -cE 'event=(front|child)_bad_message ')"
		ASKED=$((ASKED + 3))
	done
}

# An empty datagram reads as the end of the channel: it has its grace, then it is killed.
empty()
{
	local pid

	pid=$(child_pid front) || exit 1
	log_mark
	order 60 empty
	replaced "$pid"
	matches 'an empty datagram: costs the front its life' ' signal=9' "$DIED"
	ASKED=$((ASKED + 3))
}

dies()
{
	local pid

	pid=$(child_pid front) || exit 1
	log_mark
	order 60 die
	replaced "$pid"
}

# Answers pile up until its queue is full.
deaf()
{
	local pid

	pid=$(child_pid front) || exit 1
	log_mark
	order 120 deaf
	log_await ' event=front_bad_message .*queue is full' >/dev/null || exit 1
	replaced "$pid"
	say "tsad at most: $(memory_kb VmHWM) kB, now $(memory_kb VmRSS) kB"
	[ "$(memory_kb VmHWM)" -le "$MAX_RSS_KB" ] ||
		fail "memory: must stay below $MAX_RSS_KB kB: $(memory_kb VmHWM)"
}

# Only then is the front of the next start the real one.
recovers()
{
	say '-- the real front comes back'
	mv "$PROGRAMS/libexec/tsa/tsa-front.real" "$PROGRAMS/libexec/tsa/tsa-front"
	dies
	ask after / -cert
	check 'the service serves' verifies after root.pem
	ASKED=$((ASKED + 1))
}

# genTime of every token lies between two instants of the wall clock.
tokens_are_of_now() # FROM_US TO_US
{
	journal_dump | awk -v from="$1" -v to="$2" '
		$4 == 0 && ($6 < from - 1000 || $6 > to) { print "seq " $1 " has genTime " $6; bad = 1 }
		END { exit bad }'
}

now_us()
{
	date +%s%6N
}

hostile_world()
{
	world_new hostile
	prepare
	began=$(now_us)
	tsad_start
	started=$(others)
	honest 20 honest
	opened=$(descriptors)
	say '-- lies'
	lies foreign-nonce repeated-id undefined-endpoint short-imprint nonce-not-minimal foreign-policy
	lies signed durable journal-ready shipped record status ready-again cut over-limit
	empty
	say '-- other malice'
	honest 30 descriptors
	equal 'no descriptor stayed with tsad' "$opened" "$(descriptors)"
	dies
	deaf
	equal 'no other role died' "$started" "$(others)"
	check 'the service is ready, its admin front unharmed' curl -fsS --max-time 20 "$ADMIN/readyz"
	honest 20 honest
	recovers
	equal 'no descriptor stayed with tsad' "$opened" "$(descriptors)"
	tsad_stop
	ended=$(now_us)
}

on_record()
{
	local lied served

	say '-- what is on record'
	check 'counters are dense' journal_is_dense
	check 'every token is of the time it was asked' tokens_are_of_now "$began" "$ended"
	journal_dump --bodies | awk '$4 == 0' >"$WORLD/on-record"
	lied=$(grep -c "$(printf '1e%.0s' {1..31})" "$WORLD/on-record")
	equal 'no token that was lied for' 0 "$lied"
	served=$(wc -l <"$WORLD/on-record")
	say "$served tokens; $ASKED were asked for beside the flood"
	[ "$served" -ge "$ASKED" ] || fail "tokens: every good request is served: $served of $ASKED"
}

# SIGTERM while a front hangs, and floods once it knows.
hanging_world()
{
	local took=$SECONDS

	say '-- a front that does not end'
	world_new hanging
	prepare
	tsad_start
	order 60 hang
	equal 'the front hangs' hangs "$SAID"
	tsad_stop
	took=$((SECONDS - took))
	say "stopped after $took s"
	matches 'the front was killed for it' 'event=front_timeout ' "$(cat "$LOG")"
	lacks 'nothing was ended by force' 'event=stop_forced' "$(cat "$LOG")"
	check 'counters are dense' journal_is_dense
	equal 'the last record is a lease-close' 3 "$(journal_dump | tail -n 1 | cut -d' ' -f4)"
}

hostile_world
on_record
hanging_world
