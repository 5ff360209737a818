#!/bin/bash
# 10,000 tokens from 64 keep-alive clients on P-256 and 2,000 on RSA-3072: all verify, serials are
# unique, counters dense, all of it in PostgreSQL within seconds, and the same there (issue 2).
# TSA_LOAD_REQUESTS sets the first number.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
. "${TSA_SOURCE:?}/tests/system/pg.sh"

many=${TSA_LOAD_REQUESTS:-10000}
few=$(((many + 4) / 5))

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# Waits in the server until the table has so many rows: one statement, at most 30 s.
rows_arrive() # COUNT
{
	psql -X -q -v ON_ERROR_STOP=1 -v wanted="$1" >/dev/null <<-'SQL'
		select set_config('test.wanted', :'wanted', false);
		do $$
		begin
			for i in 1..600 loop
				if (select count(*) from ledger.record) >= current_setting('test.wanted')::int8 then
					return;
				end if;
				perform pg_sleep(0.05);
				commit;
			end loop;
			raise exception 'only % rows', (select count(*) from ledger.record);
		end
		$$;
	SQL
}

database_new()
{
	PG_DIR=$(pg_folder) || fail 'pg_folder'
	at_exit pg_remove
	pg_init && pg_start || fail 'a private PostgreSQL must start'
	eval "$(pg_environment)"
	check 'the schema applies' "$TSA_SOURCE/schema/apply" "dbname=$PGDATABASE"
	sql "create role node1 login in role ts_writer" || fail 'role node1'
	conf_set tsad database "host=$PG_DIR dbname=$PGDATABASE user=node1"
}

# What the journal and the table hold, in the same form.
same_in_both()
{
	journal_dump | awk '{ print $2, $3, $4, $5, $6, $7, $8, $9 }' | sort >"$WORLD/in-journal"
	sql "select lease_id, ctr, kind, flags, time_us, tsu_id, bound_us, encode(leaf_hash, 'hex')
		from ledger.record" | tr '|' ' ' | sort >"$WORLD/in-table"
	cmp "$WORLD/in-journal" "$WORLD/in-table"
}

world_new many
database_new
tsad_start
load / --clients 64 --requests "$few" --trust "$WORLD/root.pem" --out "$WORLD/rsa"
load /fast --clients 64 --requests "$many" --trust "$WORLD/root.pem" --out "$WORLD/ec"
cut -d' ' -f1 "$WORLD/rsa" "$WORLD/ec" | sort >"$WORLD/serials"
equal 'so many tokens' $((few + many)) "$(wc -l <"$WORLD/serials")"
equal 'serials are unique over both endpoints' '' "$(uniq -d "$WORLD/serials")"
check 'counters are dense' journal_is_dense
SECONDS=0
check 'all are in PostgreSQL' rows_arrive "$(journal_dump | wc -l)"
say "within $SECONDS s of the last answer"
[ "$SECONDS" -le 10 ] || fail "shipping: within seconds: took $SECONDS s"
check 'the same records are in the journal and in the table' same_in_both
check 'the serials that clients have are those on record' diff "$WORLD/serials" <(journal_serials | sort)
equal 'no gap in any lease (ledger.md 1.3.7)' 0 "$(sql "select count(*) from (select lease_id, ctr -
	row_number() over (partition by lease_id order by ctr) as island from ledger.record) r
	where island <> -1")"
equal 'every TSU is on record' 2 "$(sql 'select count(*) from ledger.tsu t where exists
	(select from ledger.record r where r.tsu_id = t.tsu_id)')"
tsad_stop
check 'what came with the stop arrives too' same_in_both
