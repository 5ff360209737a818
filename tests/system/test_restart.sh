#!/bin/bash
# A restart takes a new lease (R1); after kill -9 under load missing counters are voided, the next
# lease-open names the lease before, and no serial ever comes again (R2, R3).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

leases()
{
	journal_dump | cut -d' ' -f2 | uniq
}

# The body of the first record of a lease.
lease_open() # LEASE
{
	local line

	line=$(journal_dump --bodies | awk -v lease="$1" '$2 == lease && $3 == 0')
	equal "lease $1: counter 0 is its lease-open" 2 "$(cut -d' ' -f4 <<<"$line")" >&2
	printf '%s\n' "$line"
}

clean_restart()
{
	local first second open count root

	say '-- a clean restart'
	tsad_start
	load /fast --clients 4 --requests 100 --trust "$WORLD/root.pem" --out "$WORLD/more"
	cat "$WORLD/more" >>"$WORLD/all"
	tsad_stop
	first=$(leases)
	equal 'one start, one lease' 1 "$(wc -l <<<"$first")"
	root=$(journal_dump --bodies | sed -n 's/.*"root":"\([0-9a-f]*\)".*/\1/p' | tail -n 1)
	count=$(journal_dump | tail -n 1 | cut -d' ' -f3)
	tsad_start
	load /fast --clients 4 --requests 100 --trust "$WORLD/root.pem" --out "$WORLD/more"
	cat "$WORLD/more" >>"$WORLD/all"
	tsad_stop
	second=$(leases | tail -n 1)
	[ "$second" -gt "$first" ] || fail "lease: R1: greater at every start: $second after $first"
	say "a new start, a greater lease: $first, $second"
	open=$(lease_open "$second")
	matches 'it names the lease before' "\"lease\":$first," "${open#*previous}"
	matches 'as closed' '"closed":true' "$open"
	matches 'with its count' "\"count\":$count," "$open"
	matches 'and its root' "\"root\":\"$root\"" "$open"
}

# tsad is killed while one lane of two stands still over a job: its counter never comes, later ones
# of the other lane are durable.  Sets voided to the number of void records that this made.
killed()
{
	local stopped before after open voids durable

	say '-- kill -9 of tsad under load, with a job in a lane that stands still'
	tsad_start
	stopped=$(child_pid signer 'tsu=rel lane=1') || exit 1
	kill -STOP "$stopped" || fail "signer: pid $stopped must run"
	load_begin / --clients 16 --requests 8000 --until-closed --trust "$WORLD/root.pem" \
		--out "$WORLD/more"
	tsad_kill "$stopped"
	load_end
	lacks 'no answer was wrong' 'wrong=[1-9]|repeated=[1-9]|broken=[1-9]' "$SUMMARY"
	say "$SUMMARY"
	cat "$WORLD/more" >>"$WORLD/all"
	before=$(leases | tail -n 1)
	durable=$(journal_dump | awk -v lease="$before" '$2 == lease && $3 > max { max = $3 } END { print max }')
	tsad_start
	after=$(leases | tail -n 1)
	[ "$after" -gt "$before" ] || fail "lease: R1: greater at every start: $after after $before"
	check 'counters are dense: holes were voided' journal_is_dense
	voids=$(journal_dump --bodies |
		awk -v lease="$before" '$2 == lease && $4 == 1' | grep '"reason":"not-recorded"')
	voided=$(grep -c . <<<"$voids")
	say "voided as not recorded: $voided (last durable counter $durable)"
	equal 'each below the last durable counter' '' \
		"$(awk -v last="$durable" 'NF > 0 && $3 >= last' <<<"$voids")"
	open=$(lease_open "$after")
	matches 'the next lease-open names that lease' "\"lease\":$before," "${open#*previous}"
	matches 'as not closed' '"closed":false' "$open"
	matches 'with the count of its records' "\"count\":$((durable + 1))," "$open"
	ask after / -cert
	check 'the service serves' verifies after root.pem
	tsad_stop
}

# Sure, unless the machine is so slow that the job is taken from its lane first (R16: 1.4 s).
killed_until_voided()
{
	local i

	for ((i = 1; i <= 5; i++)); do
		killed
		[ "$voided" -eq 0 ] || return 0
	done
	fail 'R2: the counter of a job that never came is voided at the next start: no void in 5 kills'
}

world_new restart
: >"$WORLD/all"
clean_restart
killed_until_voided
equal 'no serial ever came twice' '' "$(cut -d' ' -f1 "$WORLD/all" | sort | uniq -d)"
equal 'every token that a client has is on record' '' \
	"$(comm -23 <(cut -d' ' -f1 "$WORLD/all" | sort) <(journal_serials | sort))"
equal 'genTime never decreases over the records of a lease (R10)' '' \
	"$(journal_dump | awk '$4 == 0' | sort -k2,2n -k3,3n |
		awk '$2 == lease && $6 < time { print } { lease = $2; time = $6 }')"
