#!/bin/bash
# tsa-chaos-check finds what is wrong: its rules are broken by hand, one after the other, in what a
# service left that broke none.  (What the chain of the journal's frames rules out cannot be.)
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/chaos/rig.sh
. "$TSA_SOURCE/tests/chaos/rig.sh"

RATE=400
SECONDS_WANTED=60

# A checker of its own over changed copies; sets SAID and STATUS.
judge() # [ANSWERS [JOURNAL]]
{
	SAID=$(echo check | "$TOOLS/tsa-chaos-check" --answers "${1:-$WORLD/answers}" \
		--journal "${2:-$JOURNAL}" --database 'dbname=ledger' --trust "$WORLD/root.pem" \
		--untrusted "$WORLD/tsus.pem" --tsu "$WORLD/rel.pem" --tsu "$WORLD/ec.pem" --settle 1)
	STATUS=$?
}

finds() # WHAT REGEX [ANSWERS [JOURNAL]]
{
	judge "${@:3}"
	equal "$1: exit status" 1 "$STATUS"
	grep -Eq "^violation: .*$2" <<<"$SAID" || fail "$1: wanted a violation '$2': $SAID"
	say "$1: found"
}

# The answers' file with some bytes of its first record replaced (answers.h).
edited() # OFFSET HEX
{
	cp "$WORLD/answers" "$WORLD/edited" || fail 'answers'
	printf '%b' "$(sed 's/../\\x&/g' <<<"$2")" |
		dd of="$WORLD/edited" bs=1 seek="$1" conv=notrunc status=none || fail 'answers'
}

first_record_len()
{
	echo $((4 + 16#$(od -An -tx1 -N4 "$WORLD/answers" | tr -d ' ')))
}

answers()
{
	local len byte

	len=$(first_record_len)
	say '-- answers'
	cp "$WORLD/answers" "$WORLD/edited" && head -c "$len" "$WORLD/answers" >>"$WORLD/edited"
	finds 'a serial that was answered twice' 'answered twice' "$WORLD/edited"
	# The last bytes are those of the signature.
	byte=$(od -An -tx1 -j "$((len - 1))" -N1 "$WORLD/answers" | tr -d ' ')
	edited "$((len - 1))" "$(printf '%02x' $((16#$byte ^ 1)))"
	finds 'a signature with a wrong bit' 'signature' "$WORLD/edited"
	edited 6 0000000000000001
	judge "$WORLD/edited"
	equal 'the control: sent long before, received after: may be' 0 "$STATUS"
	edited 6 00000000000000010000000000000002
	finds 'a genTime after the answer' 'outside of' "$WORLD/edited"
}

# The rows of the guarded table, changed by who may lift the guards.
change_rows() # STATEMENT
{
	sql "begin; alter table ledger.record disable trigger all;
		do \$\$ declare part regclass; begin
			for part in select relid from pg_partition_tree('ledger.record') where isleaf loop
				execute format('alter table %s disable trigger all', part);
			end loop;
		end \$\$;
		$1; commit"
}

database()
{
	local one='(lease_id, ctr) = (select lease_id, ctr from saved)'

	say '-- PostgreSQL'
	sql 'create table saved as select * from ledger.record where kind = 0 order by ctr limit 1'
	change_rows "update ledger.record set body = body || '\\x00' where $one"
	finds 'a row with another body' 'different records'
	change_rows "delete from ledger.record where $one"
	finds 'a row that is gone' 'PostgreSQL does not have it'
	finds 'by its gap as well' 'PostgreSQL: counters are dense'
	sql 'insert into ledger.record select * from saved'
	judge
	equal 'the control: with the row again nothing is found' 0 "$STATUS"
	sql "insert into ledger.record select lease_id, node_id, ctr + 100000, kind, flags, tsu_id,
		time_us, bound_us, leaf_hash, body from saved"
	finds 'a row that the journal does not have' 'only PostgreSQL has it'
}

# The first token that the older journal lacks, which PostgreSQL then has with a time long past, or
# does not have either.
lost()
{
	local first

	say '-- a journal without its end, and PostgreSQL'
	judge "$WORLD/answers" "$WORLD/older"
	[[ $SAID =~ lease\ ([0-9]+)\ counter\ ([0-9]+):\ answered,\ the\ journal ]] ||
		fail "a journal without its end: must lack a token: $SAID"
	first="(lease_id, ctr) = (${BASH_REMATCH[1]}, ${BASH_REMATCH[2]})"
	sql "create table first_lost as select * from ledger.record where $first"
	change_rows "update ledger.record set time_us = 1 where $first"
	finds 'a genTime before that of the token before' 'genTime 1 after' "$WORLD/answers" "$WORLD/older"
	change_rows "delete from ledger.record where $first"
	finds 'an answered token that is nowhere' 'answered, on record nowhere' "$WORLD/answers" "$WORLD/older"
	matches 'and counts it' '^bad .* lost=1 ' "$(tail -n 1 <<<"$SAID")"
	sql 'insert into ledger.record select * from first_lost'
	judge
	equal 'the control: with the row again nothing is found' 0 "$STATUS"
}

journal()
{
	say '-- the journal'
	finds 'a journal without its end' 'the journal does not have it' "$WORLD/answers" "$WORLD/older"
	cp -a "$JOURNAL" "$WORLD/damaged" || fail 'journal'
	printf '\xff' | dd of="$WORLD/damaged/0000000000000001.seg" bs=1 seek=400 conv=notrunc status=none
	finds 'a journal with a wrong bit' 'not settled .*offset' "$WORLD/answers" "$WORLD/damaged"
}

rig_start
clients good 20
cp -a "$JOURNAL" "$WORLD/older" || fail 'journal'
clients good 50
clients quit
check 'the checker finds nothing' checker whole
answers
journal
lost
database
tsad_stop
