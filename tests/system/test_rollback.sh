#!/bin/bash
# The journal is put back to an older copy between two starts (R8): issuing goes on with a fresh
# lease, what happened goes on record, and every token that was answered is in the journal or in
# PostgreSQL.  A copy taken under load has holes; their voids contradict PostgreSQL, and an operator
# decides.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# Serials (upper-case hex) of all token records.
database_serials()
{
	sql "select upper(lpad(to_hex(node_id), 8, '0') || lpad(to_hex(lease_id), 8, '0') ||
		lpad(to_hex(ctr), 8, '0')) from ledger.record where kind = 0"
}

rows()
{
	sql 'select lease_id, ctr, encode(leaf_hash, $$hex$$) from ledger.record order by 1, 2'
}

# Every token that a client has; leases are told apart by the second.
answered()
{
	local path=$1

	load "$path" --clients 8 --requests 200 --trust "$WORLD/root.pem" --out "$WORLD/more"
	cat "$WORLD/more" >>"$WORLD/all"
}

nothing_is_lost()
{
	equal 'answered, and neither in the journal nor in PostgreSQL' '' "$(comm -23 \
		<(cut -d' ' -f1 "$WORLD/all" | sort) <({
			journal_serials
			database_serials
		} | sort -u))"
	equal 'no serial ever came twice' '' "$(cut -d' ' -f1 "$WORLD/all" | sort | uniq -d)"
}

# Starts of one second would share a lease's number if the first was forgotten: waits it out.
another_second()
{
	local last

	last=$(sql 'select max(lease_id) from ledger.record') || exit 1
	while [ "$(date +%s)" -le "$last" ]; do :; done
}

copy_journal() # NAME
{
	rm -rf -- "${WORLD:?}/$1"
	cp -a --sparse=always "$WORLD/journal" "$WORLD/$1" || fail "journal: must be copied to $1"
}

put_back() # NAME
{
	rm -rf -- "${WORLD:?}/journal"
	cp -a --sparse=always "$WORLD/$1" "$WORLD/journal" || fail "journal: must be put back"
}

incidents()
{
	journal_dump --bodies | awk '$4 == 8' | cut -d' ' -f2,3,11-
}

# Waits until PostgreSQL has every record of the journal.
all_shipped()
{
	local end=$((SECONDS + WAIT_S)) page=

	while [ "$SECONDS" -lt "$end" ]; do
		page=$(curl -sS --max-time 20 "$ADMIN/metrics") || fail "curl $ADMIN/metrics"
		grep -q '^tsa_journal_unshipped_records 0$' <<<"$page" && return 0
	done
	fail "ledger: must have all records within $WAIT_S s: $(grep unshipped <<<"$page")"
}

# A copy taken while the service stands still lacks only what came after it.
copy_of_a_stopped_service()
{
	local line before

	say '-- a copy without holes'
	tsad_start
	answered /fast
	tsad_stop
	copy_journal old
	tsad_start
	answered /fast
	all_shipped
	tsad_stop
	before=$(rows)
	put_back old
	another_second
	tsad_start
	line=$(log_await ' level=error role=tsad event=incident what=journal-behind ') || exit 1
	say "tsad says so: ${line#*event=}"
	answered /fast
	all_shipped
	tsad_stop
	check 'the journal is dense' journal_is_dense
	nothing_is_lost
	equal 'one incident is on record' 1 "$(incidents | wc -l)"
	matches 'that names the lease that only PostgreSQL knows' \
		"\"newer_lease\":$(awk -F'|' 'END { print $1 }' <<<"$before"),\"what\":\"journal-behind\"" \
		"$(incidents)"
	equal 'and PostgreSQL has it' 1 "$(sql 'select count(*) from ledger.record where kind = 8')"
	equal 'what PostgreSQL had it has' '' "$(comm -23 <(sort <<<"$before") <(rows | sort))"
	log_mark
	tsad_start
	answered /fast
	all_shipped
	tsad_stop
	equal 'the next start finds nothing new to say' 1 "$(incidents | wc -l)"
	lacks 'nor says anything' 'event=(incident|journal_behind_database)' \
		"$(tail -c "+$((LOG_AT + 1))" "$LOG")"
}

# The same copy once more: now PostgreSQL knows a later lease than then, which is another incident.
again()
{
	say '-- put back a second time'
	put_back old
	another_second
	log_mark
	tsad_start
	log_await ' level=error role=tsad event=incident what=journal-behind ' >/dev/null || exit 1
	answered /fast
	all_shipped
	tsad_stop
	check 'the journal is dense' journal_is_dense
	nothing_is_lost
	equal 'the journal has the second incident' 1 "$(incidents | wc -l)"
	equal 'PostgreSQL both' 2 "$(sql 'select count(*) from ledger.record where kind = 8')"
}

# "LEASE CTR" of each counter missing below the greatest one of the journal's last lease.
holes() # JOURNAL
{
	"$TOOLS/tsa-journal-dump" "$1" | awk '
		{ lease = $2; seen[$2, $3] = 1; if ($3 >= end[$2]) end[$2] = $3 + 1 }
		END { for (i = 0; i < end[lease]; i++) if (!((lease, i) in seen)) print lease, i }'
}

# Copies the journal while a lane stands still over a job: its counter is missing in the copy, and
# comes when it goes on.
copy_with_holes()
{
	local i lane missing

	for ((i = 0; i < 10; i++)); do
		lane=$(child_pid signer 'tsu=ec lane=1') || exit 1
		load_begin /fast --clients 16 --requests 1500 --trust "$WORLD/root.pem" --out "$WORLD/more"
		kill -STOP "$lane" || fail "signer: pid $lane must run"
		ask "while$i" /fast -cert
		copy_journal holed
		kill -CONT "$lane" 2>/dev/null # a slow copy: it was killed at its deadline (R16)
		load_end
		[ "$STATUS" -eq 0 ] || say "of the load: $SUMMARY"
		cat "$WORLD/more" >>"$WORLD/all"
		missing=$(holes "$WORLD/holed") || fail 'the copy must be readable'
		[ -z "$missing" ] || break
	done
	[ -n "$missing" ] || fail 'copy: must have a hole: none in 10 copies'
	read -r lease ctr <<<"$missing"
	say "the copy lacks lease $lease counter $ctr, which is durable by now"
}

conflict()
{
	local line

	say '-- a copy with holes, taken under load'
	put_back old
	another_second
	tsad_start
	copy_with_holes
	answered /fast
	all_shipped
	tsad_stop
	before=$(rows)
	put_back holed
	another_second
	tsad_launch
	line=$(log_await ' level=error role=tsad event=ledger_conflict ') || exit 1
	tsad_ended
	equal 'PostgreSQL contradicts the void of a hole: the status of a person to decide' 78 "$STATUS"
	[[ $line =~ --accept-incident\ ([0-9a-f]{8}-[0-9]+)\"$ ]] || fail "no ID ends: $line"
	id=${BASH_REMATCH[1]}
	equal 'the line ends with the ID to give back' "$(printf '%08x-%d' "$lease" "$ctr")" "$id"
	equal "PostgreSQL has what it had" "$(sha256sum <<<"$before")" "$(rows | sha256sum)"
}

wrong_ids()
{
	local newest

	say '-- what is not this conflict does not help'
	tsad_run --accept-incident "${id^^}x"
	equal 'no ID: status' 1 "$STATUS"
	matches 'named' '--accept-incident .*R8: is the lease in eight hex digits' "$(cat "$LOG")"
	tsad_run --accept-incident ffffffff-1
	equal 'a lease that never was: status' 1 "$STATUS"
	matches 'named' 'R8: names a lease of this journal' "$(cat "$LOG")"
	newest=$(journal_dump | awk 'END { print $2 }')
	another_second
	tsad_run --accept-incident "$(printf '%08x-%d' "$newest" "$ctr")"
	equal 'another lease: status' 78 "$STATUS"
	matches 'for the same reason' "event=ledger_conflict .*--accept-incident $id\"" "$(complaints)"
	tsad_run
	equal 'none at all: status' 78 "$STATUS"
	equal "PostgreSQL has what it had" "$(sha256sum <<<"$before")" "$(rows | sha256sum)"
}

accepted()
{
	local line accepted_at

	say '-- the operator accepts it'
	: >"$LOG"
	log_mark
	"$PROGRAMS/sbin/tsad" --config "$CONF" --accept-incident "$id" >>"$LOG" 2>&1 </dev/null &
	TSAD_PID=$!
	TSAD_OF[$WORLD]=$TSAD_PID
	tsad_ready
	line=$(log_await ' event=conflict_accepted ') || exit 1
	matches 'tsa-ledger says of which lease, and of how many records' \
		"lease=$lease records=[1-9]" "$line"
	log_await ' event=incident what=journal-behind ' >/dev/null || exit 1
	answered /fast
	all_shipped
	tsad_stop
	check 'the journal is dense' journal_is_dense
	nothing_is_lost
	equal 'PostgreSQL keeps every record as it was' '' \
		"$(comm -23 <(sort <<<"$before") <(rows | sort))"
	equal 'the acceptance is the first record of its lease' 1 "$(incidents |
		grep -c "^[0-9]* 1 {\"ctr\":$ctr,\"format\":1,\"lease\":$lease,\"what\":\"conflict-accepted\"}$")"
	equal 'and in PostgreSQL, as every record but those that differ' '' "$(comm -23 \
		<(journal_dump | awk '{ print $2 "|" $3 }' | sort) \
		<(rows | cut -d'|' -f1,2 | sort))"
	# tsa-ledger was started only when the acceptance was durable.
	accepted_at=$(grep -n 'event=incident what=conflict-accepted' "$LOG" | cut -d: -f1)
	[ "$accepted_at" -lt "$(grep -n 'event=child_started child=ledger' "$LOG" | cut -d: -f1)" ] ||
		fail 'R8: the acceptance is on record before PostgreSQL is asked'
	say 'the acceptance was on record before PostgreSQL was asked'
}

plain_start()
{
	say '-- from now on a plain start does'
	another_second
	tsad_start
	answered /fast
	all_shipped
	tsad_stop
	nothing_is_lost
	check 'the journal is dense' journal_is_dense
}

world_new rollback
: >"$WORLD/all"
ledger_new
ledger_login
conf_set tsad database "$LEDGER"
copy_of_a_stopped_service
again
conflict
wrong_ids
accepted
plain_start
