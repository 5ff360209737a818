#!/bin/bash
# Two different records under one key: the only thing about PostgreSQL that stops the service, and
# that no restart mends (R6, R8).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

rows()
{
	sql 'select node_id, lease_id, ctr, encode(leaf_hash, $$hex$$) from ledger.record order by 1, 2, 3'
}

# A record that is not the journal's, under the key of the third token.
other_record()
{
	local line

	line=$(journal_dump | awk '$4 == 0' | sed -n 3p)
	read -r _ lease ctr _ <<<"$line"
	node=$((16#$(cat "$WORLD/journal/instance"))) || fail 'journal: must have its instance'
	sql "insert into ledger.record values
		($lease, $node, $ctr, 0, 0, 0, 1, 0, sha256('another record'), 'x')"
	other=$(rows)
	say "by hand: $other"
}

conflict()
{
	local i line

	say '-- a different record stands under the key of one of ours'
	conf_set tsad database "$LEDGER"
	tsad_start
	log_await ' event=database_away ' >/dev/null || exit 1
	for i in 1 2 3 4 5; do ask "token$i" /fast -cert; done
	check 'without the database it issues' verifies token5 root.pem
	other_record
	log_mark
	ledger_login
	line=$(log_await ' level=error role=tsad event=ledger_conflict ') || exit 1
	matches 'tsad names the record' "lease $lease counter $ctr:" "$line"
	tsad_ended
	equal 'it ends with the status that no supervisor restarts' 78 "$STATUS"
	equal 'what stood there stands there' "$other" "$(grep -F "|$lease|$ctr|" <<<"$(rows)")"
	check 'and the journal is whole' journal_is_dense
}

# A person has to decide: another start finds the same.
again()
{
	say '-- the next start'
	tsad_run
	equal 'ends the same way' 78 "$STATUS"
	matches 'for the same reason' "event=ledger_conflict .*lease $lease counter $ctr:" \
		"$(complaints)"
	equal 'what stood there stands there' "$other" "$(grep -F "|$lease|$ctr|" <<<"$(rows)")"
}

# The control: without that record nothing is wrong.
removed()
{
	local wanted

	say '-- without that record'
	sql "begin; alter table ledger.record disable trigger all;
		do \$\$ declare part regclass; begin
			for part in select relid from pg_partition_tree('ledger.record') where isleaf loop
				execute format('alter table %s disable trigger all', part);
			end loop;
		end \$\$;
		delete from ledger.record where lease_id = $lease and ctr = $ctr; commit"
	tsad_start
	ask after /fast -cert
	check 'the service serves' verifies after root.pem
	tsad_stop
	wanted=$(journal_dump | awk -v node="$node" '{ print node "|" $2 "|" $3 "|" $9 }' |
		sort -t '|' -k2,2n -k3,3n)
	equal 'and PostgreSQL has every record of the journal' "$(sha256sum <<<"$wanted")" \
		"$(rows | sort -t '|' -k2,2n -k3,3n | sha256sum)"
}

world_new conflict
ledger_new
conflict
again
removed
