/*
 * Read and write of every message in one place: one function a message walks its fields in
 * either direction, so the two cannot differ.  Decides nothing, keeps nothing.
 */
#include "tsa/core/msg.h"

#include <inttypes.h>
#include <string.h>

#include "tsa/core/ipc.h"
#include "tsa/core/log.h"

struct codec {
	bool writing;
	struct writer w;
	struct reader r;
};

static void u8(struct codec *c, uint8_t *v)
{
	if (c->writing)
		writer_u8(&c->w, *v);
	else
		*v = reader_u8(&c->r);
}

/* An enumeration or flag: less than end. */
static void below(struct codec *c, uint8_t *v, unsigned end)
{
	u8(c, v);
	if (*v >= end) {
		c->r.failed = true;
		c->w.full = true;
	}
}

static void flag(struct codec *c, uint8_t *v)
{
	below(c, v, 2);
}

static void u16(struct codec *c, uint16_t *v)
{
	if (c->writing)
		writer_u16(&c->w, *v);
	else
		*v = reader_u16(&c->r);
}

static void u32(struct codec *c, uint32_t *v)
{
	if (c->writing)
		writer_u32(&c->w, *v);
	else
		*v = reader_u32(&c->r);
}

static void i32(struct codec *c, int32_t *v)
{
	uint32_t bits = (uint32_t)*v;

	u32(c, &bits);
	*v = (int32_t)bits;
}

static void u64(struct codec *c, uint64_t *v)
{
	if (c->writing)
		writer_u64(&c->w, *v);
	else
		*v = reader_u64(&c->r);
}

static void hash(struct codec *c, uint8_t v[MSG_HASH])
{
	struct bytes b = { v, MSG_HASH };

	if (c->writing) {
		writer_raw(&c->w, b);
		return;
	}
	b = reader_take(&c->r, MSG_HASH);
	if (b.len == MSG_HASH)
		memcpy(v, b.at, MSG_HASH);
}

static void bytes(struct codec *c, struct bytes *v, size_t max)
{
	if (!c->writing) {
		*v = reader_bytes(&c->r, max);
		return;
	}
	if (v->len > max)
		c->w.full = true;
	writer_bytes(&c->w, *v);
}

static void text(struct codec *c, char *v, size_t cap)
{
	if (c->writing)
		writer_text(&c->w, v);
	else
		reader_text(&c->r, v, cap);
}

static void oid(struct codec *c, struct msg_oid *v)
{
	struct bytes b = { v->at, v->len };

	below(c, &v->len, MSG_MAX_OID + 1);
	if (c->writing) {
		writer_raw(&c->w, b);
		return;
	}
	b = reader_take(&c->r, v->len);
	if (b.len > 0 && b.len <= sizeof(v->at))
		memcpy(v->at, b.at, b.len);
}

static void setup_front(struct codec *c, struct msg *m)
{
	u32(c, &m->setup_front.version);
	below(c, &m->setup_front.front, MSG_FRONTS);
	u8(c, &m->setup_front.listeners);
	u32(c, &m->setup_front.start_nonce);
	u32(c, &m->setup_front.max_connections);
	u32(c, &m->setup_front.rate_limit);
}

static void endpoint(struct codec *c, struct msg *m)
{
	struct msg_endpoint *e = &m->endpoint;

	below(c, &e->index, MSG_MAX_ENDPOINTS);
	flag(c, &e->first_release);
	text(c, e->path, sizeof(e->path));
	u32(c, &e->digests);
	below(c, &e->policy_count, MSG_MAX_POLICIES + 1);
	for (size_t i = 0; i < e->policy_count && i < MSG_MAX_POLICIES; i++)
		oid(c, &e->policy[i]);
}

static void file(struct codec *c, struct msg *m)
{
	text(c, m->file.path, sizeof(m->file.path));
	text(c, m->file.type, sizeof(m->file.type));
	u32(c, &m->file.offset);
	u32(c, &m->file.total);
	bytes(c, &m->file.part, MSG_MAX_PART);
}

static void nothing(struct codec *c, struct msg *m)
{
	(void)c;
	(void)m;
}

static void issue(struct codec *c, struct msg *m)
{
	struct msg_issue *i = &m->issue;

	u64(c, &i->id);
	below(c, &i->endpoint, MSG_MAX_ENDPOINTS);
	u8(c, &i->digest);
	flag(c, &i->null_params);
	flag(c, &i->cert_req);
	oid(c, &i->policy);
	bytes(c, &i->imprint, MSG_MAX_DIGEST);
	bytes(c, &i->nonce, MSG_MAX_NONCE);
}

static void token(struct codec *c, struct msg *m)
{
	u64(c, &m->token.id);
	bytes(c, &m->token.token, MSG_MAX_TOKEN);
}

static void refused(struct codec *c, struct msg *m)
{
	u64(c, &m->refused.id);
	below(c, &m->refused.fail_info, 32);
	text(c, m->refused.text, sizeof(m->refused.text));
}

static void busy(struct codec *c, struct msg *m)
{
	u64(c, &m->busy.id);
	u8(c, &m->busy.retry_after_s);
}

static void status(struct codec *c, struct msg *m)
{
	u64(c, &m->status.id);
	below(c, &m->status.what, MSG_STATUS_KINDS);
}

static void status_reply(struct codec *c, struct msg *m)
{
	u64(c, &m->status_reply.id);
	flag(c, &m->status_reply.good);
	bytes(c, &m->status_reply.text, MSG_MAX_STATUS);
}

static void setup_signer(struct codec *c, struct msg *m)
{
	struct msg_setup_signer *s = &m->setup_signer;

	u32(c, &s->version);
	text(c, s->tsu, sizeof(s->tsu));
	text(c, s->module, sizeof(s->module));
	text(c, s->key, sizeof(s->key));
	text(c, s->pin_file, sizeof(s->pin_file));
	u8(c, &s->digest);
	u32(c, &s->self_check);
	flag(c, &s->allow_software_key);
	flag(c, &s->signing_time);
	flag(c, &s->algorithm_protection);
	bytes(c, &s->certificate, MSG_MAX_CERTIFICATE);
}

static void signer_ready(struct codec *c, struct msg *m)
{
	text(c, m->signer_ready.token, sizeof(m->signer_ready.token));
}

static void sign(struct codec *c, struct msg *m)
{
	u64(c, &m->sign.job);
	bytes(c, &m->sign.tstinfo, MSG_MAX_TSTINFO);
}

static void signature(struct codec *c, struct msg *m)
{
	u64(c, &m->signature.job);
	bytes(c, &m->signature.signed_attrs, MSG_MAX_SIGNED_ATTRS);
	bytes(c, &m->signature.signature, MSG_MAX_SIGNATURE);
}

static void sign_failed(struct codec *c, struct msg *m)
{
	u64(c, &m->sign_failed.job);
	below(c, &m->sign_failed.failure, MSG_FAILURES);
	text(c, m->sign_failed.text, sizeof(m->sign_failed.text));
}

static void setup_journal(struct codec *c, struct msg *m)
{
	u32(c, &m->setup_journal.version);
	text(c, m->setup_journal.directory, sizeof(m->setup_journal.directory));
	flag(c, &m->setup_journal.recover);
}

static void journal_ready(struct codec *c, struct msg *m)
{
	u32(c, &m->journal_ready.instance);
	u64(c, &m->journal_ready.last_seq);
	u32(c, &m->journal_ready.last_lease);
	flag(c, &m->journal_ready.lease_open);
	u64(c, &m->journal_ready.last_time_us);
	hash(c, m->journal_ready.closed_root);
	u32(c, &m->journal_ready.closed_count);
}

static void lease_tree(struct codec *c, struct msg *m)
{
	struct msg_lease_tree *t = &m->lease_tree;

	u32(c, &t->lease);
	u32(c, &t->size);
	below(c, &t->hash_count, MSG_MAX_TREE + 1);
	for (size_t i = 0; i < t->hash_count && i < MSG_MAX_TREE; i++)
		hash(c, t->hash[i]);
}

static void lease_leaves(struct codec *c, struct msg *m)
{
	struct msg_lease_leaves *l = &m->lease_leaves;

	u16(c, &l->count);
	if (l->count > MSG_MAX_LEAVES) {
		c->r.failed = true;
		c->w.full = true;
		return;
	}
	for (size_t i = 0; i < l->count; i++) {
		u32(c, &l->leaf[i].ctr);
		hash(c, l->leaf[i].leaf);
	}
}

static void tsu_file(struct codec *c, struct msg *m)
{
	hash(c, m->tsu_file.cert_sha256);
	hash(c, m->tsu_file.chain_sha256);
	bytes(c, &m->tsu_file.pem, MSG_MAX_PEM);
}

static void record(struct codec *c, struct msg *m)
{
	struct msg_record *r = &m->record;

	u64(c, &r->seq);
	u32(c, &r->lease);
	u32(c, &r->ctr);
	below(c, &r->kind, RECORD_KINDS);
	u8(c, &r->flags);
	u64(c, &r->time_us);
	u32(c, &r->tsu_id);
	i32(c, &r->bound_us);
	hash(c, r->leaf_hash);
	bytes(c, &r->body, MSG_MAX_BODY);
}

static void durable(struct codec *c, struct msg *m)
{
	u64(c, &m->durable.seq);
}

static void disk(struct codec *c, struct msg *m)
{
	below(c, &m->disk.used_percent, 101);
	u8(c, &m->disk.spare_segments);
}

static void setup_ledger(struct codec *c, struct msg *m)
{
	struct msg_setup_ledger *s = &m->setup_ledger;

	u32(c, &s->version);
	text(c, s->database, sizeof(s->database));
	text(c, s->directory, sizeof(s->directory));
	u32(c, &s->instance);
	flag(c, &s->awaited);
}

static void shipped(struct codec *c, struct msg *m)
{
	u64(c, &m->shipped.seq);
}

static void database(struct codec *c, struct msg *m)
{
	flag(c, &m->database.connected);
	text(c, m->database.text, sizeof(m->database.text));
}

static void incident(struct codec *c, struct msg *m)
{
	u32(c, &m->incident.lease);
	u32(c, &m->incident.journal_end);
	u32(c, &m->incident.database_end);
	u32(c, &m->incident.newer_lease);
}

static void ready(struct codec *c, struct msg *m)
{
	u32(c, &m->ready.version);
}

static void counts(struct codec *c, struct msg *m)
{
	for (size_t i = 0; i < MSG_COUNT_KINDS; i++)
		u32(c, &m->counts.count[i]);
}

static void failed(struct codec *c, struct msg *m)
{
	below(c, &m->failed.failure, MSG_FAILURES);
	text(c, m->failed.text, sizeof(m->failed.text));
}

static const struct {
	const char *name;
	void (*fields)(struct codec *c, struct msg *m);
} kinds[MSG_TYPES] = {
	[MSG_SETUP_FRONT] = { "SETUP_FRONT", setup_front },
	[MSG_ENDPOINT] = { "ENDPOINT", endpoint },
	[MSG_FILE] = { "FILE", file },
	[MSG_TABLES_DONE] = { "TABLES_DONE", nothing },
	[MSG_ISSUE] = { "ISSUE", issue },
	[MSG_TOKEN] = { "TOKEN", token },
	[MSG_REFUSED] = { "REFUSED", refused },
	[MSG_BUSY] = { "BUSY", busy },
	[MSG_STATUS] = { "STATUS", status },
	[MSG_STATUS_REPLY] = { "STATUS_REPLY", status_reply },
	[MSG_DRAIN] = { "DRAIN", nothing },
	[MSG_SETUP_SIGNER] = { "SETUP_SIGNER", setup_signer },
	[MSG_SIGNER_READY] = { "SIGNER_READY", signer_ready },
	[MSG_SIGN] = { "SIGN", sign },
	[MSG_SIGNED] = { "SIGNED", signature },
	[MSG_SIGN_FAILED] = { "SIGN_FAILED", sign_failed },
	[MSG_SETUP_JOURNAL] = { "SETUP_JOURNAL", setup_journal },
	[MSG_JOURNAL_READY] = { "JOURNAL_READY", journal_ready },
	[MSG_LEASE_TREE] = { "LEASE_TREE", lease_tree },
	[MSG_LEASE_LEAVES] = { "LEASE_LEAVES", lease_leaves },
	[MSG_TSU_FILE] = { "TSU_FILE", tsu_file },
	[MSG_RECORD] = { "RECORD", record },
	[MSG_DURABLE] = { "DURABLE", durable },
	[MSG_DISK] = { "DISK", disk },
	[MSG_SETUP_LEDGER] = { "SETUP_LEDGER", setup_ledger },
	[MSG_SHIPPED] = { "SHIPPED", shipped },
	[MSG_DATABASE] = { "DATABASE", database },
	[MSG_READY] = { "READY", ready },
	[MSG_FAILED] = { "FAILED", failed },
	[MSG_INCIDENT] = { "INCIDENT", incident },
	[MSG_COUNTS] = { "COUNTS", counts },
};

struct bytes msg_encode(const struct msg *m, uint8_t *out)
{
	struct codec c = { .writing = true, .w = { .at = out, .cap = IPC_MAX_MESSAGE } };
	uint8_t type = (uint8_t)m->type;

	if (m->type >= MSG_TYPES || kinds[m->type].fields == NULL)
		BUG("message type %d does not exist", (int)m->type);
	u8(&c, &type);
	/* Writing only reads the fields; the cast serves the functions that do both. */
	kinds[m->type].fields(&c, (struct msg *)(uintptr_t)m);
	if (c.w.full)
		BUG("message %s: a value is over its limit", kinds[m->type].name);
	return (struct bytes){ out, c.w.len };
}

bool msg_decode(struct bytes message, struct msg *m)
{
	struct codec c = { .r = { .rest = message } };
	uint8_t type = 0;

	u8(&c, &type);
	if (type >= MSG_TYPES || kinds[type].fields == NULL)
		return false;
	m->type = (enum msg_type)type;
	kinds[type].fields(&c, m);
	return reader_finished(&c.r);
}

bool msg_check_version(
	struct bytes message, enum msg_type setup, const char *program, struct err *err)
{
	struct reader r = { .rest = message };
	uint8_t type = reader_u8(&r);
	uint32_t version = reader_u32(&r);

	if (type != setup || r.failed || version == MSG_VERSION)
		return true;
	return err_set(err, "%s: protocol: must be version %d: tsad speaks %" PRIu32, program,
		(int)MSG_VERSION, version);
}

const char *msg_name(enum msg_type type)
{
	return type < MSG_TYPES && kinds[type].name != NULL ? kinds[type].name : "unknown";
}

const char *msg_failure_name(uint8_t failure)
{
	static const char *const names[MSG_FAILURES] = {
		[MSG_FAILURE_OTHER] = "other",
		[MSG_FAILURE_VERSION] = "version",
		[MSG_FAILURE_SETTING] = "setting",
		[MSG_FAILURE_PIN] = "pin",
		[MSG_FAILURE_KEY] = "key",
		[MSG_FAILURE_DEVICE] = "device",
		[MSG_FAILURE_DISK] = "disk",
		[MSG_FAILURE_LOCKED] = "locked",
		[MSG_FAILURE_CORRUPT] = "corrupt",
		[MSG_FAILURE_CONFLICT] = "conflict",
	};

	return failure < MSG_FAILURES ? names[failure] : "unknown";
}
