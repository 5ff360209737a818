#!/bin/bash
# SIGTERM under load drains: accepted requests are answered, then everything exits 0 (R12); the
# lease is closed with its count and root (R3).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

drain() # PATH REQUESTS
{
	local children child granted last

	world_new "drain${1//\//-}"
	tsad_start
	children=$(tsad_children)
	load_begin "$1" --clients 16 --requests "$2" --until-closed --trust "$WORLD/root.pem" \
		--out "$WORLD/got-tokens"
	kill -TERM "$TSAD_PID"
	tsad_ended
	equal 'tsad exits 0 after SIGTERM under load' 0 "$STATUS"
	matches 'and says so' 'event=stopped' "$(grep ' event=stopped' "$LOG")"
	load_end
	equal "every request that was accepted has its good answer: $SUMMARY" 0 "$STATUS"
	for child in $children; do
		[ ! -e "/proc/$child" ] || fail "child $child: must have exited: it runs"
	done
	say 'no child is left'
	granted=$(log_value granted "$SUMMARY")
	equal 'every token on record reached its client' "$granted" "$(journal_serials | wc -l)"
	check 'they are the same tokens' diff <(journal_serials | sort) \
		<(cut -d' ' -f1 "$WORLD/got-tokens" | sort)
	last=$(journal_dump --bodies | tail -n 1)
	equal 'the last record is a lease-close' 3 "$(cut -d' ' -f4 <<<"$last")"
	matches 'it counts the records of the lease' "\"count\":$(cut -d' ' -f3 <<<"$last")," "$last"
	check 'counters are dense' journal_is_dense
}

drain / 8000
drain /fast 40000
world_new idle
tsad_start
tsad_stop
check 'an idle service stops as well; counters are dense' journal_is_dense
