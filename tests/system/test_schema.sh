#!/bin/bash
# The steps of schema/ and the program that applies them: once each, whole or not at all, never
# changed; the guards of ledger.md 1.4.2 hold against everyone; each role may what it needs
# (R6, R7).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
. "$TSA_SOURCE/tests/system/pg.sh"

SCHEMA=$TSA_SOURCE/schema
HASH=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

sql() # STATEMENT...: the answer, unaligned
{
	local args=() statement

	for statement in "$@"; do
		args+=(-c "$statement")
	done
	psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "${args[@]}" 2>&1
}

# sql_refused TEXT SQLSTATE STATEMENT...: the last statement fails with this state.
sql_refused()
{
	local text=$1 state=$2 said
	shift 2
	said=$(sql "$@") && fail "$text: $* succeeded"
	matches "$text" "ERROR:  $state:" "$said"
}

apply_refused() # TEXT REGEX FOLDER
{
	local said

	said=$("$3/apply" "$PGDATABASE" 2>&1) && fail "$1: it was accepted"
	matches "$1" "$2" "$said"
}

fresh_database() # NAME
{
	createdb "$1" || fail "createdb $1"
	export PGDATABASE=$1
}

applied_once()
{
	local said

	say '-- applied once'
	fresh_database once
	said=$("$SCHEMA/apply" --dry-run once) || fail "--dry-run failed: $said"
	matches '--dry-run names the steps' '0001_roles.sql: would be applied' "$said"
	equal '--dry-run changed nothing' 0 \
		"$(sql "select count(*) from pg_namespace where nspname = 'ledger'")"
	said=$("$SCHEMA/apply" "host=$PGHOST dbname=once") || fail "apply failed: $said"
	matches 'a connection string; every step' '0002_record.sql: applied' "$said"
	said=$("$SCHEMA/apply" once) || fail "a second apply failed: $said"
	equal 'the second time' 'nothing to do: 2 steps are applied' "$said"
	equal 'recorded with its SHA-256' "$(sha256sum <"$SCHEMA/0002_record.sql" | cut -d' ' -f1)" \
		"$(sql "select encode(sha256, 'hex') from ledger.schema_step where name = '0002_record.sql'")"
}

# Both see that nothing is applied; one waits for the other and leaves its steps alone.
applied_by_two()
{
	local pid

	say '-- two at once'
	fresh_database two
	"$SCHEMA/apply" two >"$TEST_DIR/first" 2>&1 &
	pid=$!
	"$SCHEMA/apply" two >"$TEST_DIR/second" 2>&1 || fail "second: $(cat "$TEST_DIR/second")"
	wait "$pid" || fail "first: $(cat "$TEST_DIR/first")"
	equal 'each step once' '1,2' \
		"$(sql "select string_agg(step::text, ',' order by step) from ledger.schema_step")"
}

applied_by_a_member_of_the_owner()
{
	say '-- without a superuser'
	sql 'create role operator login in role ts_owner' 'create database managed owner operator' ||
		fail 'operator'
	check 'an operator who is in ts_owner and owns the database applies them' \
		"$SCHEMA/apply" 'user=operator dbname=managed'
	export PGDATABASE=managed
	equal 'ts_owner owns the tables' ts_owner \
		"$(sql "select distinct tableowner from pg_tables where schemaname = 'ledger'")"
}

never_changed()
{
	local copy=$TEST_DIR/schema hash='[0-9a-f]{64}' steps="count(*) from ledger.schema_step"

	say '-- refused'
	fresh_database refused
	cp -a "$SCHEMA" "$copy"
	check 'the steps as they are' "$copy/apply" refused
	printf -- '-- a harmless comment\n' >>"$copy/0002_record.sql"
	apply_refused 'an applied step that changed' \
		"0002_record.sql: an applied step never changes: SHA-256 $hash was applied, $hash is here" \
		"$copy"
	mv "$copy/0002_record.sql" "$copy/0002_other.sql"
	apply_refused 'an applied step with another name' \
		'step 2: an applied step keeps its name' "$copy"
	rm "$copy/0002_other.sql"
	apply_refused 'an applied step that is gone' \
		'0002_record.sql: an applied step must be here' "$copy"
	cp -a "$SCHEMA/0002_record.sql" "$copy/"
	printf 'select 1;\n' >"$copy/0004_gap.sql"
	apply_refused 'a gap in the numbers' \
		'0004_gap.sql: steps must be numbered without a gap: expected number 3' "$copy"
	rm "$copy/0004_gap.sql"
	printf 'create table ledger.half (a int);\nselect 1 / 0;\n' >"$copy/0003_half.sql"
	apply_refused 'a step that fails' \
		'division by zero.*0003_half.sql: a step is applied whole' "$copy"
	equal 'nothing of it stays' '|2' "$(sql "select to_regclass('ledger.half'), $steps")"
	printf 'create table ledger.whole (a int);\n' >"$copy/0003_half.sql"
	check 'mended, it is applied' "$copy/apply" refused
	equal 'and it is there' 'ledger.whole|3' "$(sql "select to_regclass('ledger.whole'), $steps")"
	export PGDATABASE=nowhere
	apply_refused 'a database that is not there' \
		'database "nowhere" does not exist.*apply: database: must be reachable' "$SCHEMA"
	matches 'no CONNINFO' 'CONNINFO: must be given' "$("$SCHEMA/apply" 2>&1)"
	matches 'an unknown option' 'option --force: must be one of' "$("$SCHEMA/apply" --force x 2>&1)"
}

rows()
{
	sql "insert into ledger.node values (7, 'seven', 1)" \
		"insert into ledger.lease values (1795507200, 7, 1)" \
		"insert into ledger.tsu select (get_byte(h, 0) * 8388608 + get_byte(h, 1) * 32768 +
			get_byte(h, 2) * 128 + get_byte(h, 3) / 2), h, h, 'c', '', sha256(''), 1, 2, 3
			from sha256('c') as h" \
		"insert into ledger.record values (1795507200, 7, 0, 0, 1, 0, 1, -1, '\\x$HASH', 'body')" ||
		fail 'rows'
}

guards()
{
	local table column replica

	say '-- guards: what was written stays, also against the owner (ledger.md 1.4.2)'
	export PGDATABASE=once
	rows
	for replica in origin replica; do
		for table in node:name tsu:spki_sha256 lease:granted_us record:flags \
			record_2026_11:body schema_step:name; do
			column=${table#*:}
			table=ledger.${table%:*}
			set -- "set session_replication_role = $replica" 'set role ts_owner'
			sql_refused "UPDATE $table ($replica)" 23001 "$@" \
				"update $table set $column = $column"
			sql_refused "DELETE $table ($replica)" 23001 "$@" "delete from $table"
			sql_refused "TRUNCATE $table ($replica)" 23001 "$@" "truncate $table cascade"
		done
	done
	sql_refused 'DELETE by a superuser' 23001 'delete from ledger.record'
	sql_refused 'ON CONFLICT DO UPDATE' 23001 'set role ts_owner' \
		"insert into ledger.node values (7, 'x', 1) on conflict (node_id) do update set name = 'x'"
	equal 'tables and partitions without both guards, ENABLE ALWAYS' '' "$(sql "
		select relname from pg_class c where relnamespace = 'ledger'::regnamespace and
		relkind in ('r', 'p') and 2 <> (select count(*) from pg_trigger t where tgrelid = c.oid and
		tgname in ('refuse_change', 'refuse_truncate') and tgenabled = 'A')")"
	equal 'every row is there' '1|1|1|1' "$(sql 'select (select count(*) from ledger.node),
		(select count(*) from ledger.tsu), (select count(*) from ledger.lease),
		(select count(*) from ledger.record)')"
}

as() # ROLE STATEMENT
{
	sql "set role $1" "$2"
}

roles()
{
	local role

	say '-- roles (R6)'
	equal 'none logs in' 0 \
		"$(sql "select count(*) from pg_roles where rolname like 'ts\\_%' and rolcanlogin")"
	check 'ts_writer inserts without a conflict target' as ts_writer "insert into ledger.record
		select 1795507200, 7, c, 0, 1, 0, 1, -1, '\\x$HASH', 'b'
		from unnest('{0,1}'::int4[]) c on conflict do nothing"
	equal 'ts_writer sees keys and hashes' '1795507200|7|1|\x'$HASH "$(as ts_writer \
		'select lease_id, node_id, ctr, leaf_hash from ledger.record where ctr = 1')"
	sql_refused 'ts_writer sees no body' 42501 'set role ts_writer' 'select body from ledger.record'
	sql_refused 'nor in a partition' 42501 'set role ts_writer' \
		'select body from ledger.record_2026_11'
	sql_refused 'nor nodes' 42501 'set role ts_writer' 'select * from ledger.node'
	for role in ts_writer ts_sequencer ts_reader ts_auditor ts_export; do
		sql_refused "$role does not UPDATE" 42501 "set role $role" \
			'update ledger.record set flags = 0'
		sql_refused "$role does not DELETE" 42501 "set role $role" 'delete from ledger.record'
		sql_refused "$role does not TRUNCATE" 42501 "set role $role" 'truncate ledger.record'
		sql_refused "$role does not CREATE" 42501 "set role $role" 'create table ledger.x (a int)'
		sql_refused "$role does not guard" 42501 "set role $role" \
			"select ledger.guard('ledger.node')"
	done
	for role in ts_sequencer ts_reader ts_auditor ts_export; do
		sql_refused "$role does not INSERT" 42501 "set role $role" \
			"insert into ledger.node values (8, 'e', 1)"
	done
	for role in ts_sequencer ts_auditor; do
		check "$role sees all" as "$role" \
			'select * from ledger.record, ledger.node, ledger.tsu, ledger.lease'
	done
	check 'ts_export sees records' as ts_export 'select * from ledger.record'
	sql_refused 'ts_export sees no nodes' 42501 'set role ts_export' 'select * from ledger.node'
	sql_refused 'ts_reader sees no records' 42501 'set role ts_reader' 'select * from ledger.record'
	equal 'nobody but the owner has UPDATE, DELETE or TRUNCATE' '' "$(sql "
		select table_name, grantee from information_schema.role_table_grants
		where table_schema = 'ledger' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
		and grantee <> 'ts_owner'")"
}

# others_row TEXT TABLE STATEMENT: row-level security of the table refuses it.
others_row()
{
	local said

	said=$(sql "$3") && fail "$1: $3 succeeded"
	matches "$1" "ERROR:  42501: new row violates row-level security policy .*\"$2\"" "$said"
}

# owned NODE CTR...: an INSERT of records of this node, as tsa-ledger makes it
owned()
{
	local node=$1 ctrs

	shift
	ctrs=$(IFS=, && echo "$*")
	printf 'insert into ledger.record select 1795507200, %s, c, 0, 1, 0, 1, -1, %s, %s %s' "$node" \
		"'\\x$HASH'::bytea" "'b'::bytea" \
		"from unnest('{$ctrs}'::int4[]) c on conflict do nothing"
}

# A login is what a compromised node has: it must not reach the rows of another one.
nodes_apart()
{
	local lease='insert into ledger.lease values (1795507200,'
	local keys='select node_id, ctr, leaf_hash from ledger.record where lease_id = 1795507200'
	local nothing='on conflict do nothing'

	say "-- a node's login adds to its own node only (ledger.md 1.4.2)"
	sql 'create role node_a login in role ts_writer' 'create role node_b login in role ts_writer' \
		'create role node_gone login in role ts_writer' || fail 'logins'
	PGUSER=node_gone check 'a login that is dropped later' sql \
		"insert into ledger.node values (20, 'gone', 1)"
	sql 'drop role node_gone' || fail 'drop role'
	PGUSER=node_a check 'a node is of the login that adds it, whatever its role' sql \
		'set role ts_writer' "insert into ledger.node values (21, 'a', 1) $nothing"
	equal 'namely of node_a' node_a "$(sql 'select login from ledger.node where node_id = 21')"
	PGUSER=node_b others_row 'nobody adds a node of another login' node \
		"insert into ledger.node values (22, 'b', 1, 'node_a')"
	PGUSER=node_a check 'node_a adds a lease of it' sql "$lease 21, 1) $nothing"
	PGUSER=node_a check 'and records' sql "$(owned 21 0 1 2)"
	PGUSER=node_a check 'and once more, as after a lost answer' sql \
		"insert into ledger.node values (21, 'a', 1) $nothing" "$lease 21, 1) $nothing" \
		"$(owned 21 2 3)"
	equal 'each is there once' '4|4' "$(sql "select count(*), count(distinct ctr)
		from ledger.record where node_id = 21")"
	PGUSER=node_b check 'node_b may repeat the node of node_a, without effect' sql \
		"insert into ledger.node values (21, 'a', 1) $nothing"
	equal 'which stays' node_a "$(sql 'select login from ledger.node where node_id = 21')"
	PGUSER=node_b others_row 'node_b adds no lease of it' lease "$lease 21, 2)"
	PGUSER=node_b others_row 'nor one that is there' lease "$lease 21, 1) $nothing"
	PGUSER=node_b others_row 'nor a record' record "$(owned 21 9)"
	PGUSER=node_b others_row 'nor one that is there' record "$(owned 21 0)"
	PGUSER=node_b others_row 'nor one of a node that nobody added' record "$(owned 23 0)"
	PGUSER=node_b others_row 'nor one of a login that is gone' record "$(owned 20 0)"
	PGUSER=node_b check 'node_b adds its own node' sql "insert into ledger.node values (22, 'b', 1)" \
		"$lease 22, 1)" "$(owned 22 0 1)"
	PGUSER=node_b others_row 'one record of another node spoils the statement' record \
		"insert into ledger.record select 1795507200, n, 7, 0, 1, 0, 1, -1, '\\x$HASH', 'b'
			from unnest('{22,21}'::int4[]) n $nothing"
	equal 'whole' 0 "$(sql 'select count(*) from ledger.record where ctr = 7')"
	PGUSER=node_b sql_refused 'not past it, into a partition' 42501 \
		"insert into ledger.record_2026_11 values (1795507200, 21, 9, 0, 1, 0, 1, -1, '\\x$HASH', 'b')"
	PGUSER=node_b sql_refused 'not as the owner' 42501 'set role ts_owner'
	PGUSER=node_b sql_refused 'not as another session' 42501 'set session authorization node_a'
	equal 'a writer sees keys and hashes, also of others, as the look for newer leases needs' \
		"21|3|\\x$HASH 22|1|\\x$HASH" "$(PGUSER=node_b sql \
			"$keys and ctr = any ('{1,3}') and (node_id, ctr) <> (21, 1) and node_id > 20
			order by node_id" | tr '\n' ' ' | sed 's/ $//')"
	sql 'grant node_a to node_b' || fail 'grant'
	PGUSER=node_b check 'an operator hands a node over by GRANT' sql "$(owned 21 9)"
	sql 'revoke node_a from node_b' || fail 'revoke'
	PGUSER=node_b others_row 'and takes it back' record "$(owned 21 10)"
	equal 'nobody but the owner was granted a partition; each is closed by itself as well' '0|0' \
		"$(sql "select (select count(*) from information_schema.role_table_grants
			where table_schema = 'ledger' and table_name like 'record\_%' and
			grantee <> 'ts_owner'), (select count(*) from pg_class where not relrowsecurity and
			relnamespace = 'ledger'::regnamespace and relname ~ '^(node|lease|record)' and
			relkind in ('r', 'p'))")"
}

record() # LEASE CTR [BODY]: an INSERT
{
	printf "insert into ledger.record values (%s, 7, %s, 0, 1, 0, 1, -1, '\\\\x%s', '%s')" \
		"$1" "$2" "$HASH" "${3-b}"
}

tables()
{
	say '-- tables (R1, R4, R7)'
	sql_refused 'a serial number comes once' 23505 "$(record 1795507200 1)"
	check 'another node may have the same lease and counter' sql "insert into ledger.record values
		(1795507200, 8, 1, 0, 1, 0, 1, -1, '\\x$HASH', 'b')"
	check 'the last second of November' sql "$(record 1796083199 0)"
	check 'the first second of December' sql "$(record 1796083200 0)"
	equal 'each in its month' 'ledger.record_2026_11,ledger.record_2026_12' "$(sql "
		select string_agg(tableoid::regclass::text, ',' order by lease_id) from ledger.record
		where lease_id >= 1796083199")"
	check 'the first second of 2026' sql "$(record 1767225600 0)"
	check 'the last second of 2045' sql "$(record 2398377599 0)"
	sql_refused 'a lease before 2026' 23514 "$(record 1767225599 0)"
	sql_refused 'a lease after 2045' 23514 "$(record 2398377600 0)"
	sql_refused 'a negative counter' 23514 "$(record 1795507200 -1)"
	sql_refused 'an empty body' 23514 "$(record 1795507200 9 '')"
	sql_refused 'a leaf hash of 31 bytes' 23514 \
		"insert into ledger.record values (1795507200, 7, 9, 0, 1, 0, 1, -1, '\\x${HASH:2}', 'b')"
	sql_refused 'a lease of an unknown node' 23503 'insert into ledger.lease values (1795507200, 9, 1)'
	sql_refused 'a certificate with another hash' 23514 \
		"insert into ledger.tsu values (0, '\\x$HASH', '\\x$HASH', 'c', '', sha256(''), 1, 2, 3)"
	sql_refused 'a tsu_id that is not of its certificate' 23514 "insert into ledger.tsu values
		(1, sha256('d'), '\\x$HASH', 'd', '', sha256(''), 1, 2, 3)"
	check 'the same certificate with another chain' sql "insert into ledger.tsu
		select tsu_id, cert_sha256, spki_sha256, cert_der, 'e', sha256('e'), 1, 2, 3 from ledger.tsu"
}

PG_DIR=$(pg_folder) || fail 'a folder for the cluster'
at_exit pg_remove
pg_init && pg_start || fail 'the cluster does not start'
eval "$(pg_environment)"
applied_once
applied_by_two
applied_by_a_member_of_the_owner
never_changed
guards
roles
nodes_apart
tables
