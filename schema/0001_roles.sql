-- Roles, the schema, its guards and the list of steps (ledger.md 1.4.2).
--
-- The roles are groups without login, made once a cluster; an operator makes a login for each
-- node and each person and grants it one of them (tsa-schema(7)).  Nobody is granted UPDATE,
-- DELETE or TRUNCATE anywhere.

do $$
declare
	wanted text;
begin
	foreach wanted in array array['ts_owner', 'ts_writer', 'ts_sequencer', 'ts_reader',
		'ts_auditor', 'ts_export']
	loop
		if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
			begin
				execute format('create role %I nologin', wanted);
			exception when duplicate_object or unique_violation then
				null; -- another database of this cluster was quicker
			end;
		end if;
	end loop;
end
$$;

create schema ledger authorization ts_owner;
set local role ts_owner;

grant usage on schema ledger to ts_writer, ts_sequencer, ts_reader, ts_auditor, ts_export;

-- What was written stays as it was written.
create function ledger.refuse() returns trigger
	language plpgsql
	set search_path = pg_catalog, pg_temp
as $$
begin
	raise exception 'ledger: rows are written once: % of %.% is refused',
		lower(tg_op), tg_table_schema, tg_table_name
		using errcode = 'restrict_violation';
end
$$;

-- Puts the guards on a table and on its partitions, also against its owner and also under
-- session_replication_role = replica.  A partition inherits the row trigger of its parent, but a
-- statement that names the partition fires only the partition's own statement triggers: each
-- gets its own against TRUNCATE.  Later steps call this for every table they create.
create function ledger.guard(target regclass) returns void
	language plpgsql
	set search_path = pg_catalog, pg_temp
as $$
declare
	part regclass;
begin
	execute format('create trigger refuse_change before update or delete on %s '
		'for each row execute function ledger.refuse()', target);
	for part in
		select target union select relid from pg_partition_tree(target) order by 1
	loop
		execute format('create trigger refuse_truncate before truncate on %s '
			'for each statement execute function ledger.refuse()', part);
		execute format('alter table %s enable always trigger refuse_change', part);
		execute format('alter table %s enable always trigger refuse_truncate', part);
	end loop;
end
$$;

revoke all on function ledger.refuse(), ledger.guard(regclass) from public;

-- Filled by schema/apply, which refuses to go on when a step it ran has other content now.
create table ledger.schema_step (
	step int4 primary key check (step > 0),
	name text not null unique,
	sha256 bytea not null check (octet_length(sha256) = 32),
	applied_us int8 not null,
	applied_by text not null
);
select ledger.guard('ledger.schema_step');
grant select on ledger.schema_step to ts_writer, ts_sequencer, ts_reader, ts_auditor, ts_export;
