-- node, tsu, lease and record: what tsa-ledger ships (ledger.md 1.4.1; R1, R4, R7: for ever).
--
-- A serial number is node_id (32 bits), lease_id (32 bits), ctr (32 bits); all times are
-- microseconds since 1970 in int8, so that no session's time zone has a say.

set local role ts_owner;

create table ledger.node (
	node_id int4 primary key check (node_id > 0), -- the journal directory's instance
	name text not null unique,
	added_us int8 not null,
	-- Whose node it is: the login that connected, which SET ROLE does not change as it does
	-- current_user.  By name and not by OID, so that it still holds after a restore elsewhere.
	login name not null default session_user
);

-- Certificates of a TSU: a chain that changes under the same certificate is a row of its own.
create table ledger.tsu (
	tsu_id int4 not null, -- first 31 bits of cert_sha256
	cert_sha256 bytea not null check (octet_length(cert_sha256) = 32),
	spki_sha256 bytea not null check (octet_length(spki_sha256) = 32),
	cert_der bytea not null,
	chain_der bytea not null, -- the intermediates' DER, one after the other; may be empty
	chain_sha256 bytea not null check (octet_length(chain_sha256) = 32),
	not_before_us int8 not null,
	-- The earlier of notAfter and privateKeyUsagePeriod's end; a profile may end it earlier.
	sign_until_us int8 not null,
	added_us int8 not null,
	primary key (cert_sha256, chain_sha256),
	check (tsu_id = get_byte(cert_sha256, 0) * 8388608 + get_byte(cert_sha256, 1) * 32768 +
		get_byte(cert_sha256, 2) * 128 + get_byte(cert_sha256, 3) / 2),
	check (sha256(cert_der) = cert_sha256),
	check (sha256(chain_der) = chain_sha256)
);
create index tsu_by_id on ledger.tsu (tsu_id);

create table ledger.lease (
	lease_id int8 not null check (lease_id > 0), -- UTC second of its opening, or later (R1)
	node_id int4 not null references ledger.node,
	granted_us int8 not null,
	primary key (node_id, lease_id)
);

-- One row a counter value: tokens, voids, events.  The key begins with the partition's column,
-- so the plain primary key makes serial numbers unique over all partitions.
create table ledger.record (
	lease_id int8 not null,
	node_id int4 not null,
	ctr int4 not null check (ctr >= 0),
	kind int2 not null check (kind between 0 and 15),
	flags int2 not null check (flags between 0 and 255), -- bit 0: certReq
	tsu_id int4 not null, -- 0: none
	time_us int8 not null check (time_us > 0), -- a token's encoded genTime
	bound_us int4 not null check (bound_us >= -1), -- of the clock's error; -1: not checked
	leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
	body bytea not null check (octet_length(body) between 1 and 65535),
	primary key (lease_id, node_id, ctr)
) partition by range (lease_id);

-- A partition a month of leases, 2026 to 2045 (R6).  There is no default partition: a lease
-- outside these years is a clock gone wrong, and its rows wait in the journal.
do $$
declare
	month timestamp := '2026-01-01';
begin
	while month < '2046-01-01' loop
		execute format('create table ledger.record_%s partition of ledger.record '
			'for values from (%s) to (%s)', to_char(month, 'YYYY_MM'),
			extract(epoch from month)::int8,
			extract(epoch from month + interval '1 month')::int8);
		-- Without a policy: should someone be granted a partition, it gives nothing away.
		execute format('alter table ledger.record_%s enable row level security',
			to_char(month, 'YYYY_MM'));
		month := month + interval '1 month';
	end loop;
end
$$;

select ledger.guard(t) from unnest(array['ledger.node', 'ledger.tsu', 'ledger.lease',
	'ledger.record']::regclass[]) as t;

-- The writer sees what tells it whether a record is there and the same, never a body (R6).
grant insert on ledger.node, ledger.tsu, ledger.lease, ledger.record to ts_writer;
grant select (node_id, lease_id, ctr, leaf_hash) on ledger.record to ts_writer;
grant select on ledger.node, ledger.tsu, ledger.lease, ledger.record to ts_sequencer, ts_auditor;
grant select on ledger.record to ts_export;

-- One node's login, taken over, must not be able to occupy another node's counters (ledger.md
-- 1.4.2).  An operator hands a node to another login by granting it the node's own: grant a to b.
-- The join leaves out logins that were dropped, which pg_has_role() refuses to look at.
create function ledger.own_nodes() returns setof int4
	language sql stable security definer rows 4
	set search_path = pg_catalog, pg_temp
as $$
	select n.node_id from ledger.node n join pg_roles r on r.rolname = n.login
	where pg_has_role(session_user, r.oid, 'member')
$$;
revoke all on function ledger.own_nodes() from public;
grant execute on function ledger.own_nodes() to ts_writer;

-- Not forced on the owner, who could lift it anyway: steps and foreign keys see every row.  tsu has
-- none: its rows belong to no node, and its key is the hash of the certificates in them.
alter table ledger.node enable row level security;
alter table ledger.lease enable row level security;
alter table ledger.record enable row level security;

create policy writer_adds_itself on ledger.node for insert to ts_writer
	with check (login = session_user);
-- The subquery hangs on no row: it runs once a statement, each row is a look into its hash table.
create policy writer_adds_its_own on ledger.lease for insert to ts_writer
	with check (node_id in (select ledger.own_nodes()));
create policy writer_adds_its_own on ledger.record for insert to ts_writer
	with check (node_id in (select ledger.own_nodes()));

-- Who may read which table and column is said by the grants.  The writer's is not narrowed to its
-- own nodes: it steps through the leases of all by the key, which a filter would make a scan.
create policy writer_sees on ledger.record for select to ts_writer using (true);
create policy readers_see on ledger.node for select to ts_sequencer, ts_auditor using (true);
create policy readers_see on ledger.lease for select to ts_sequencer, ts_auditor using (true);
create policy readers_see on ledger.record for select to ts_sequencer, ts_auditor, ts_export
	using (true);
