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
tables
