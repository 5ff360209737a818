/*
 * The lease: which serials this process may use.  Instance from the journal directory, a fresh
 * lease at every start, at UTC midnight and with another configuration, counters dense from 0
 * (design D3, R1-R3).  Builds every record: entry, leaf hash, journal sequence number; the journal
 * only frames them.
 */
#ifndef TSA_AUTHORITY_LEASE_H
#define TSA_AUTHORITY_LEASE_H

#include "tsa/core/err.h"
#include "tsa/core/msg.h"
#include "tsa/record/body.h"
#include "tsa/record/serial.h"
#include "tsa/record/tree.h"

struct lease;

/* What a lease-open says beside serials. What it points to lives as long as it is in use. */
struct lease_facts {
	const char *clock;
	const char *version;
	const uint8_t *config_sha256;
};

struct lease *lease_new(const struct lease_facts *facts);
/* Takes NULL. */
void lease_free(struct lease *lease);

/* What tsa-journal found: instance, last seq, last lease; then, if that is open, its tree. */
void lease_found(struct lease *lease, const struct msg_journal_ready *ready);
MUST_CHECK bool lease_found_tree(
	struct lease *lease, const struct msg_lease_tree *tree, struct err *err);
MUST_CHECK bool lease_found_leaves(
	struct lease *lease, const struct msg_lease_leaves *leaves, struct err *err);

/*
 * The next missing counter below the highest durable one of the lease that was found open, as a
 * void record (R2); false when there is none. body owns the record's body.
 */
bool lease_next_hole(
	struct lease *lease, uint64_t now_us, struct msg_record *record, struct buf *body);

/*
 * True once the second in which the journal was found is over, and that of the last lease. A lease
 * that is the very second of its opening, and never that of an opening before, is new even if the
 * journal has forgotten some: it may have been rolled back to an older copy (R1, R8). A clock that
 * is behind is not waited for.
 */
bool lease_may_open(const struct lease *lease, uint64_t found_us, uint64_t now_us);
/* Opens a fresh lease at now_us: its lease-open is the record, counter 0. */
void lease_open_fresh(struct lease *lease, uint64_t now_us, int32_t bound_us, bool synchronised,
	struct msg_record *record, struct buf *body);
/* The lease-close of the open lease; no counter is taken after. */
void lease_close(struct lease *lease, uint64_t now_us, struct msg_record *record, struct buf *body);

/* Other facts from now on: the open lease, if it states another configuration, is due. */
void lease_set_facts(struct lease *lease, const struct lease_facts *facts);

/*
 * True if UTC midnight has passed since the lease was opened, its counters are used up, or what it
 * was opened with is not the configuration in force any more.
 */
bool lease_due(const struct lease *lease, uint64_t now_us);
bool lease_is_open(const struct lease *lease);

/* The next serial. The lease is open and not due by counters. */
struct serial lease_take(struct lease *lease);

/* A token's record from its parts; sets everything but the body's ownership. */
struct token_record {
	struct serial serial;
	uint64_t time_us;
	int32_t bound_us;
	bool cert_req;
	const uint8_t *cert_sha256; /* of the TSU */
	struct bytes tstinfo;
	struct bytes signature;
	struct bytes body; /* the token without certificates */
};
void lease_token_record(
	struct lease *lease, const struct token_record *token, struct msg_record *record);
/* The void of a counter that was taken but whose token never left. */
void lease_void_record(struct lease *lease, struct serial serial, uint64_t time_us,
	int32_t bound_us, uint32_t tsu_id, enum void_reason reason, struct msg_record *record,
	struct buf *body);
/* An incident at now_us; takes the next counter of the open lease. */
void lease_incident_record(struct lease *lease, const struct incident *incident, uint64_t now_us,
	int32_t bound_us, struct msg_record *record, struct buf *body);

#endif
