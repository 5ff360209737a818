/*
 * Bodies of records: canonical JSON (RFC 8785: sorted keys, no blanks; our texts are ASCII) for
 * events; a token's body is the token without its certificates (D12).  Fixed for ever.
 */
#ifndef TSA_RECORD_BODY_H
#define TSA_RECORD_BODY_H

#include "tsa/core/err.h"
#include "tsa/record/entry.h"

/* {"format":1,"reason":"..."}: a counter that was consumed but whose token never left. */
enum void_reason {
	VOID_SIGNER_DIED, /* "signer-died" */
	VOID_SIGNER_TIMEOUT, /* "signer-timeout": killed at its deadline */
	VOID_SIGNER_REFUSED, /* "signer-refused": the HSM or the self-check said no */
	VOID_NOT_RECORDED, /* "not-recorded": found missing at a start after a crash */
	VOID_REASONS,
};
const char *void_reason_name(enum void_reason reason);
/* Appends the body to out. */
void body_void(enum void_reason reason, struct buf *out);

/* What a lease-open says; texts are ASCII, at most 255 bytes. */
struct lease_open {
	const char *node; /* host name / instance in hex */
	const char *boot_id; /* of the kernel */
	const char *version; /* of the software */
	const char *clock; /* "kernel" or "unchecked" */
	int32_t clock_bound_us; /* -1: not checked */
	const char *clock_status; /* "synchronised", "unsynchronised" */
	uint8_t config_sha256[HASH_LEN];
	uint32_t instance;
	uint32_t lease;
	bool has_previous; /* false for the first lease of a journal */
	uint32_t previous_lease;
	uint32_t previous_count; /* its records, the lease-close left out */
	uint8_t previous_root[HASH_LEN]; /* RFC 6962 root over them */
	bool previous_closed; /* it has a lease-close */
};
void body_lease_open(const struct lease_open *open, struct buf *out);
/* The node's name out of a lease-open body; the caller frees. NULL and err if it is none. */
char *body_lease_open_node(struct bytes body, struct err *err);

/* {"count":N,"format":1,"root":"hex"}: counters 0..N-1 and the RFC 6962 root over their leaves. */
void body_lease_close(uint32_t count, const uint8_t root[HASH_LEN], struct buf *out);
MUST_CHECK bool body_lease_close_read(
	struct bytes body, uint32_t *count, uint8_t root[HASH_LEN], struct err *err);

/* What an incident says: something that a person will ask about happened to the records. */
enum incident_what {
	/*
	 * "journal-behind": the journal was put back to an older copy; PostgreSQL holds records of
	 * this node that it has not (R8).
	 */
	INCIDENT_JOURNAL_BEHIND,
	/*
	 * "conflict-accepted": an operator decided to go on though PostgreSQL holds other records
	 * of this lease than the journal does; each keeps what it has.
	 */
	INCIDENT_CONFLICT_ACCEPTED,
	INCIDENT_WHATS,
};
struct incident {
	enum incident_what what;
	uint32_t lease; /* 0: PostgreSQL knows no lease of the journal */
	/* of a journal that is behind: one more than the greatest counter of lease on each side */
	uint32_t journal_end;
	uint32_t database_end;
	uint32_t newer_lease; /* the newest lease, if only PostgreSQL knows it; 0: none */
	/* of a conflict: the counter that the operator was shown */
	uint32_t ctr;
};
/*
 * {"database_end":N,"format":1,"journal_end":N,"lease":N,"newer_lease":N,"what":"..."} with null
 * for a lease that is 0, or {"ctr":N,"format":1,"lease":N,"what":"..."}.
 */
void body_incident(const struct incident *incident, struct buf *out);
MUST_CHECK bool body_incident_read(struct bytes body, struct incident *incident, struct err *err);
/* "journal-behind"; for logs. */
const char *incident_what_name(enum incident_what what);

#endif
