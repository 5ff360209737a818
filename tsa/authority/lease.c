#include "tsa/authority/lease.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsa/core/log.h"

enum {
	SECONDS_A_DAY = 86400,
	US_A_SECOND = 1000000,
	LONGEST_WAIT_S = 2, /* for a clock that is behind the last lease: then that one + 1 (R1) */
	/* Far below what int4 holds: a start after a crash reads the whole lease again. */
	MAX_COUNTER = 1 << 22,
	NODE_LEN = 256,
};

struct lease {
	struct lease_facts facts;
	uint32_t instance;
	uint64_t next_seq;
	uint32_t lease; /* serial bits 32..63 of the open lease */
	uint32_t next_ctr;
	uint32_t void_next; /* next hole of the found lease to look at */
	bool open;
	uint8_t stated_config[HASH_LEN]; /* that its lease-open has */
	struct lease_tree *tree;
	/* the lease before this one */
	bool has_previous;
	bool previous_closed;
	uint32_t previous;
	uint32_t previous_count;
	uint8_t previous_root[HASH_LEN];
	char node[NODE_LEN];
	char boot_id[64];
};

static void read_boot_id(char *out, size_t cap)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (fd >= 0)
		(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strspn(out, "0123456789abcdef-")] = '\0';
}

struct lease *lease_new(const struct lease_facts *facts)
{
	struct lease *l = must_calloc(1, sizeof(*l));

	l->facts = *facts;
	l->next_seq = 1;
	l->tree = lease_tree_new();
	read_boot_id(l->boot_id, sizeof(l->boot_id));
	return l;
}

void lease_set_facts(struct lease *l, const struct lease_facts *facts)
{
	l->facts = *facts;
}

void lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	lease_tree_free(l->tree);
	free(l);
}

/* host name / instance; only letters that canonical JSON leaves as they are. */
static void name_node(struct lease *l)
{
	char host[200] = "";

	(void)gethostname(host, sizeof(host) - 1);
	for (char *c = host; *c != '\0'; c++) {
		if (*c < 0x21 || *c > 0x7e || *c == '"' || *c == '\\')
			*c = '_';
	}
	(void)snprintf(l->node, sizeof(l->node), "%s/%08" PRIx32, host, l->instance);
}

void lease_found(struct lease *l, const struct msg_journal_ready *ready)
{
	l->instance = ready->instance;
	l->next_seq = ready->last_seq + 1;
	l->has_previous = ready->last_lease != 0;
	l->previous = ready->last_lease;
	l->previous_closed = ready->last_lease != 0 && !ready->lease_open;
	l->previous_count = ready->closed_count;
	memcpy(l->previous_root, ready->closed_root, HASH_LEN);
	name_node(l);
}

bool lease_found_tree(struct lease *l, const struct msg_lease_tree *found, struct err *err)
{
	struct tree dense = { .size = found->size };

	if (found->hash_count != tree_hash_count(found->size))
		return err_set(err, "journal: lease %" PRIu32 ": %u hashes for %" PRIu32 " leaves",
			found->lease, found->hash_count, found->size);
	memcpy(dense.hash, found->hash, sizeof(dense.hash));
	lease_tree_restore(l->tree, &dense);
	return true;
}

bool lease_found_leaves(struct lease *l, const struct msg_lease_leaves *leaves, struct err *err)
{
	for (size_t i = 0; i < leaves->count; i++) {
		if (!lease_tree_add(l->tree, leaves->leaf[i].ctr, leaves->leaf[i].leaf, err))
			return false;
	}
	return true;
}

/* What every record has; entry is its 86 bytes. */
static void fill(struct lease *l, struct msg_record *r, enum record_kind kind, struct serial serial,
	uint64_t time_us, int32_t bound_us, struct bytes body, const uint8_t entry[ENTRY_LEN])
{
	struct err err = { 0 };

	r->seq = l->next_seq++;
	r->lease = serial.lease;
	r->ctr = serial.ctr;
	r->kind = (uint8_t)kind;
	r->flags = 0;
	r->time_us = time_us;
	r->tsu_id = 0;
	r->bound_us = bound_us;
	r->body = body;
	entry_leaf_hash(entry, r->leaf_hash);
	if (!lease_tree_add(l->tree, serial.ctr, r->leaf_hash, &err))
		BUG("lease %" PRIu32 ": %s", serial.lease, err.text);
}

static void fill_event(struct lease *l, struct msg_record *r, enum record_kind kind,
	struct serial serial, uint64_t time_us, int32_t bound_us, struct bytes body)
{
	uint8_t entry[ENTRY_LEN];

	entry_of_event(kind, serial, time_us, body, entry);
	fill(l, r, kind, serial, time_us, bound_us, body, entry);
}

bool lease_next_hole(struct lease *l, uint64_t now_us, struct msg_record *record, struct buf *body)
{
	uint32_t gap = lease_tree_first_gap(l->tree);
	struct serial serial = { l->instance, l->previous, gap };

	if (gap >= lease_tree_end(l->tree))
		return false;
	lease_void_record(l, serial, now_us, -1, 0, VOID_NOT_RECORDED, record, body);
	return true;
}

static void remember_previous(struct lease *l)
{
	const struct tree *dense = lease_tree_dense(l->tree);

	if (!l->has_previous || l->previous_closed)
		return;
	l->previous_count = dense->size;
	tree_root(dense, l->previous_root);
}

bool lease_may_open(const struct lease *l, uint64_t found_us, uint64_t now_us)
{
	uint64_t now_s = now_us / US_A_SECOND;
	uint64_t last_s = found_us / US_A_SECOND;

	if (l->previous > last_s)
		last_s = l->previous;
	return now_s > last_s || last_s - now_s > LONGEST_WAIT_S;
}

void lease_open_fresh(struct lease *l, uint64_t now_us, int32_t bound_us, bool synchronised,
	struct msg_record *record, struct buf *body)
{
	uint32_t now_s = (uint32_t)(now_us / 1000000);
	struct lease_open open;

	remember_previous(l);
	/* R1: never a lease that was, whatever the clock says. */
	l->lease = now_s > l->previous ? now_s : l->previous + 1;
	lease_tree_free(l->tree);
	l->tree = lease_tree_new();
	l->open = true;
	l->next_ctr = 1;
	open = (struct lease_open){ .node = l->node,
		.boot_id = l->boot_id,
		.version = l->facts.version,
		.clock = l->facts.clock,
		.clock_bound_us = bound_us,
		.clock_status = synchronised ? "synchronised" : "unsynchronised",
		.instance = l->instance,
		.lease = l->lease,
		.has_previous = l->has_previous,
		.previous_lease = l->previous,
		.previous_count = l->previous_count,
		.previous_closed = l->previous_closed };
	memcpy(open.config_sha256, l->facts.config_sha256, HASH_LEN);
	memcpy(l->stated_config, l->facts.config_sha256, HASH_LEN);
	memcpy(open.previous_root, l->previous_root, HASH_LEN);
	body_lease_open(&open, body);
	fill_event(l, record, RECORD_LEASE_OPEN, (struct serial){ l->instance, l->lease, 0 },
		now_us, bound_us, buf_view(body));
}

void lease_close(struct lease *l, uint64_t now_us, struct msg_record *record, struct buf *body)
{
	const struct tree *dense = lease_tree_dense(l->tree);

	if (!l->open || dense->size != l->next_ctr)
		BUG("lease %" PRIu32 ": closed with %" PRIu32 " of %" PRIu32 " counters recorded",
			l->lease, dense->size, l->next_ctr);
	l->previous_count = dense->size;
	tree_root(dense, l->previous_root);
	body_lease_close(l->previous_count, l->previous_root, body);
	fill_event(l, record, RECORD_LEASE_CLOSE,
		(struct serial){ l->instance, l->lease, l->next_ctr }, now_us, -1, buf_view(body));
	l->open = false;
	l->has_previous = true;
	l->previous = l->lease;
	l->previous_closed = true;
}

bool lease_due(const struct lease *l, uint64_t now_us)
{
	uint64_t today = now_us / 1000000 / SECONDS_A_DAY;

	return l->open && (today > l->lease / SECONDS_A_DAY || l->next_ctr >= MAX_COUNTER ||
				  memcmp(l->stated_config, l->facts.config_sha256, HASH_LEN) != 0);
}

bool lease_is_open(const struct lease *l)
{
	return l->open;
}

struct serial lease_take(struct lease *l)
{
	if (!l->open)
		BUG("a serial is asked of a closed lease");
	return (struct serial){ l->instance, l->lease, l->next_ctr++ };
}

void lease_token_record(struct lease *l, const struct token_record *t, struct msg_record *record)
{
	uint8_t entry[ENTRY_LEN];

	entry_of_token(t->serial, t->time_us, t->cert_sha256, t->tstinfo, t->signature, entry);
	fill(l, record, RECORD_TOKEN, t->serial, t->time_us, t->bound_us, t->body, entry);
	record->flags = t->cert_req ? 1 : 0;
	record->tsu_id = tsu_id_of(t->cert_sha256);
}

void lease_void_record(struct lease *l, struct serial serial, uint64_t time_us, int32_t bound_us,
	uint32_t tsu_id, enum void_reason reason, struct msg_record *record, struct buf *body)
{
	body_void(reason, body);
	fill_event(l, record, RECORD_VOID, serial, time_us, bound_us, buf_view(body));
	record->tsu_id = tsu_id;
}

void lease_incident_record(struct lease *l, const struct incident *incident, uint64_t now_us,
	int32_t bound_us, struct msg_record *record, struct buf *body)
{
	struct serial serial = lease_take(l);

	body_incident(incident, body);
	fill_event(l, record, RECORD_INCIDENT, serial, now_us, bound_us, buf_view(body));
}
