/* Owns what was signed and recorded in one run: serials, leases, records. */
#include <string.h>

#include "authority_part.h"
#include "tsa/tsp/tstinfo.h"

enum {
	MAX_SERIALS = 16384,
	ROOM_SERIALS = 8192, /* what requests that are accepted already may still take */
	MAX_LEASES = 64,
	MAX_TSTINFO_SEEN = 512,
	INSTANCE = 0x01020304,
};

/* One serial: given to a signer, then on record. */
struct issued {
	struct issued *earlier; /* try of the same request */
	uint64_t time_us;
	uint64_t seq; /* 0: not on record */
	bool is_void;
	uint8_t tstinfo[MAX_TSTINFO_SEEN];
	size_t tstinfo_len;
};

struct lease_seen {
	uint32_t lease;
	size_t first; /* serial of counter 1; the others follow, since counters are dense */
	uint32_t taken; /* counters, the lease-open included */
	uint32_t recorded;
	bool closed;
	uint8_t config[MSG_HASH]; /* that it states */
};

static struct {
	const struct config *config;
	struct issued serials[MAX_SERIALS];
	size_t serial_count;
	struct lease_seen leases[MAX_LEASES];
	size_t lease_count;
	uint64_t last_time_us;
	uint64_t last_seq;
	uint64_t durable;
} m;

void record_begin(const struct config *config)
{
	m.config = config;
	m.serial_count = 0;
	m.lease_count = 0;
	m.last_time_us = 0;
	m.last_seq = 0;
	m.durable = 0;
}

void record_reloaded(const struct config *config)
{
	m.config = config;
}

uint64_t record_moves(void)
{
	return m.serial_count + m.last_seq;
}

bool record_has_room(void)
{
	return m.serial_count < MAX_SERIALS - ROOM_SERIALS && m.lease_count < MAX_LEASES - 2;
}

/* ---- what goes to the signers ---- */

static void check_asked(const struct request *r, const struct tsp_tstinfo *t)
{
	PROMISE(bytes_equal(t->policy, (struct bytes){ r->policy.at, r->policy.len }),
		"another policy than asked for");
	PROMISE(t->digest == (enum tsp_digest)r->digest && t->null_params == r->null_params,
		"another digest than asked for");
	PROMISE(bytes_equal(t->imprint, (struct bytes){ r->imprint, r->imprint_len }),
		"another imprint than asked for");
	PROMISE(bytes_equal(t->nonce, (struct bytes){ r->nonce, r->nonce_len }),
		"another nonce than asked for");
}

/* genTime is the present: no earlier than its digits and no later than a clock that stepped. */
static void check_time(const struct tsp_tstinfo *t, unsigned digits, const struct config_tsu *tsu)
{
	/* Of three digits the last is no 0: .430 is given as .429. */
	uint64_t unit_us = digits == 0 ? 1000000 : digits == 3 ? 2000 : 1;
	uint64_t now_us = fake_clock_us();

	PROMISE(t->time_us + unit_us > now_us, "genTime %llu is past, it is %llu",
		(unsigned long long)t->time_us, (unsigned long long)now_us);
	PROMISE(t->time_us < now_us + unit_us + (uint64_t)tsu->accuracy_ms * 100,
		"genTime %llu is future, it is %llu", (unsigned long long)t->time_us,
		(unsigned long long)now_us);
	PROMISE(t->time_us >= m.last_time_us, "genTime goes back");
	PROMISE(m.config->clock == CONFIG_CLOCK_UNCHECKED ||
			fake_clock_bound_us() + m.config->clock_slack_ms * 1000ull + unit_us <=
				tsu->accuracy_ms * 900ull,
		"a time of a clock that is not good enough");
	m.last_time_us = t->time_us;
}

static struct lease_seen *newest_lease(void)
{
	PROMISE(m.lease_count > 0, "a serial without a lease");
	return &m.leases[m.lease_count - 1];
}

static void take_serial(
	const struct job *job, struct request *r, const struct tsp_tstinfo *t, struct bytes tstinfo)
{
	struct lease_seen *l = newest_lease();
	uint8_t serial[SERIAL_LEN];
	struct issued *s;

	PROMISE(!l->closed && job->serial.lease == l->lease, "a serial of a closed lease");
	PROMISE(memcmp(l->config, m.config->sha256, sizeof(l->config)) == 0,
		"a lease that states another configuration");
	PROMISE(job->serial.ctr == l->taken, "counter %u after %u", job->serial.ctr, l->taken - 1);
	PROMISE(job->serial.instance == INSTANCE, "a serial of another instance");
	l->taken++;
	serial_encode(job->serial, serial);
	PROMISE(bytes_equal(t->serial, (struct bytes){ serial, sizeof(serial) }),
		"the TSTInfo has another serial than the job");
	PROMISE(m.serial_count < MAX_SERIALS, "too many serials for this model");
	s = &m.serials[m.serial_count++];
	*s = (struct issued){ .earlier = r->tries, .time_us = t->time_us };
	r->tries = s;
	PROMISE(tstinfo.len <= sizeof(s->tstinfo), "a TSTInfo of %zu bytes", tstinfo.len);
	memcpy(s->tstinfo, tstinfo.at, tstinfo.len);
	s->tstinfo_len = tstinfo.len;
}

/* What is signed is offered now, whatever was when it was asked for. */
static bool is_offered(const struct config_endpoint *e, const struct tsp_tstinfo *t)
{
	for (size_t i = 0; i < e->policy_count; i++) {
		if (bytes_equal(t->policy, (struct bytes){ e->policies[i].at, e->policies[i].len }))
			return (e->digests >> t->digest & 1) == 1;
	}
	return false;
}

/* R17: of the TSUs for its digest the one activated last before its time. */
static bool is_its_turn(
	const struct config_endpoint *e, const struct tsp_tstinfo *t, const struct config_tsu *c)
{
	const struct config_list *list = config_list_of(e, t->digest);
	const struct config_tsu *last = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct config_tsu *other = &m.config->tsus[list->tsus[i]];

		if (other->activate_at <= (int64_t)(t->time_us / 1000000) &&
			(last == NULL || other->activate_at > last->activate_at))
			last = other;
	}
	return last == c;
}

void record_sign(
	const struct job *job, struct request *r, const struct config_tsu *c, struct bytes tstinfo)
{
	struct tsp_tstinfo t = { 0 };

	PROMISE(tsp_tstinfo_decode(tstinfo, &t), "what is to be signed is no TSTInfo");
	PROMISE(c >= m.config->tsus && c < m.config->tsus + m.config->tsu_count,
		"a TSU of a configuration that is not in force signs");
	PROMISE(c->endpoint == r->endpoint, "a TSU of another endpoint signs");
	PROMISE((int64_t)(t.time_us / 1000000) >= c->activate_at &&
			(int64_t)(t.time_us / 1000000) < c->sign_until,
		"a TSU signs outside its time");
	PROMISE(is_offered(&m.config->endpoints[r->endpoint], &t),
		"a policy or a digest that is not offered any more");
	PROMISE(is_its_turn(&m.config->endpoints[r->endpoint], &t, c),
		"a TSU signs that is not the one for its digest and time");
	PROMISE(t.digits <= m.config->endpoints[r->endpoint].digits, "more digits than set");
	PROMISE(t.accuracy.seconds == c->accuracy_ms / 1000 &&
			t.accuracy.millis == c->accuracy_ms % 1000 && t.accuracy.micros == 0,
		"another accuracy than the TSU's");
	PROMISE((t.tsa_name.len > 0) == c->tsa_name, "tsa is there or not, other than set");
	PROMISE(t.qualified == m.config->endpoints[r->endpoint].qualified,
		"says that it is qualified or not, other than set");
	check_asked(r, &t);
	check_time(&t, m.config->endpoints[r->endpoint].digits, c);
	take_serial(job, r, &t, tstinfo);
}

/* ---- what goes to the journal ---- */

static struct issued *issued_of(uint32_t lease, uint32_t ctr)
{
	const struct lease_seen *l = newest_lease();

	/* No lease is closed before all its counters are on record. */
	return l->lease == lease && ctr > 0 && ctr < l->taken ? &m.serials[l->first + ctr - 1]
							      : NULL;
}

static void open_lease(const struct msg_record *r)
{
	PROMISE(m.lease_count < MAX_LEASES, "too many leases for this model");
	PROMISE(m.lease_count == 0 || (newest_lease()->closed && r->lease > newest_lease()->lease),
		"lease %u after %u", r->lease, newest_lease()->lease);
	PROMISE(r->ctr == 0, "a lease-open with counter %u", r->ctr);
	m.leases[m.lease_count++] = (struct lease_seen){
		.lease = r->lease, .first = m.serial_count, .taken = 1, .recorded = 1
	};
	memcpy(newest_lease()->config, m.config->sha256, sizeof(newest_lease()->config));
}

static void close_lease(const struct msg_record *r)
{
	struct lease_seen *l = newest_lease();

	PROMISE(!l->closed && l->lease == r->lease, "another lease is closed");
	PROMISE(l->recorded == l->taken && r->ctr == l->taken,
		"lease closed with %u of %u counters on record", l->recorded, l->taken);
	l->closed = true;
}

static bool holds(struct bytes all, const uint8_t *part, size_t len)
{
	return memmem(all.at, all.len, part, len) != NULL;
}

static void record_serial(const struct msg_record *r)
{
	struct issued *s = issued_of(r->lease, r->ctr);

	PROMISE(s != NULL, "a record of a serial that was not taken");
	PROMISE(s->seq == 0, "serial %u comes twice", r->ctr);
	PROMISE(r->time_us == s->time_us, "a record of another time than its TSTInfo");
	s->seq = r->seq;
	s->is_void = r->kind == RECORD_VOID;
	PROMISE(s->is_void || holds(r->body, s->tstinfo, s->tstinfo_len),
		"a record of another token than was signed");
	newest_lease()->recorded++;
}

void record_record(const struct msg_record *r)
{
	PROMISE(r->body.len > 0 && r->body.len <= MSG_MAX_BODY, "a body of %zu bytes", r->body.len);
	m.last_seq = r->seq;
	if (r->kind == RECORD_LEASE_OPEN)
		open_lease(r);
	else if (r->kind == RECORD_LEASE_CLOSE)
		close_lease(r);
	else if (r->kind == RECORD_TOKEN || r->kind == RECORD_VOID)
		record_serial(r);
	else
		PROMISE(false, "a record of kind %u", r->kind);
}

void record_durable(uint64_t seq)
{
	m.durable = seq;
}

/* ---- what leaves ---- */

void record_token(const struct request *r, struct bytes token)
{
	for (const struct issued *s = r->tries; s != NULL; s = s->earlier) {
		if (!holds(token, s->tstinfo, s->tstinfo_len))
			continue;
		PROMISE(s->seq != 0 && !s->is_void, "a token leaves that is not on record");
		PROMISE(s->seq <= m.durable, "a token leaves before its record is durable");
		return;
	}
	PROMISE(false, "a token leaves that was never signed for this request");
}

void record_end(bool was_ready)
{
	PROMISE(m.lease_count == 0 || newest_lease()->closed || !was_ready,
		"the service ended with an open lease");
	PROMISE(m.durable == m.last_seq, "the service ended before its records were durable");
}
