/* What no honest front sends: each of these must cost the front its life, and nothing else. */
#include <string.h>
#include <sys/socket.h>

#include "hostile.h"

enum { CUT_AT = 20, OVER_LIMIT = IPC_MAX_MESSAGE + 1 };

static const uint8_t filler[MSG_MAX_SIGNATURE] = { 0x31, 0x02, 0x05 };

static void foreign_nonce(struct hostile *h, struct msg *m)
{
	m->issue.id ^= (uint64_t)1 << 32;
	(void)h;
}

static void repeated_id(struct hostile *h, struct msg *m)
{
	m->issue.id--;
	(void)h;
}

static void undefined_endpoint(struct hostile *h, struct msg *m)
{
	m->issue.endpoint = MSG_MAX_ENDPOINTS - 1;
	(void)h;
}

static void short_imprint(struct hostile *h, struct msg *m)
{
	m->issue.imprint.len--;
	(void)h;
}

static void nonce_not_minimal(struct hostile *h, struct msg *m)
{
	static const uint8_t padded[] = { 0x00, 0x01 };

	m->issue.nonce = (struct bytes){ padded, sizeof(padded) };
	(void)h;
}

/* 1.2.3.4 is nobody's. */
static void foreign_policy(struct hostile *h, struct msg *m)
{
	m->issue.policy = (struct msg_oid){ 3, { 0x2a, 0x03, 0x04 } };
	(void)h;
}

/* A signer's answer, to the request that we have just made. */
static void signed_message(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_SIGNED,
		.signature = { .job = (uint64_t)h->nonce << 32 | h->number,
			.signed_attrs = { filler, 4 },
			.signature = { filler, 70 } } };
}

/* tsa-journal's: nothing that was recorded has left before this would let it. */
static void durable(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_DURABLE, .durable = { .seq = UINT64_MAX } };
	(void)h;
}

static void journal_ready(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_JOURNAL_READY, .journal_ready = { .instance = 1 } };
	(void)h;
}

static void shipped(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_SHIPPED, .shipped = { .seq = UINT64_MAX } };
	(void)h;
}

static void record(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_RECORD,
		.record = { .seq = 1, .body = { filler, sizeof(filler) } } };
	(void)h;
}

static void status(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_STATUS, .status = { .id = m->issue.id } };
	(void)h;
}

static void ready_again(struct hostile *h, struct msg *m)
{
	*m = (struct msg){ .type = MSG_READY, .ready = { .version = MSG_VERSION } };
	(void)h;
}

static const struct {
	const char *name;
	void (*change)(struct hostile *h, struct msg *m); /* makes a lie of a good ISSUE */
} messages[] = {
	{ "foreign-nonce", foreign_nonce },
	{ "repeated-id", repeated_id },
	{ "undefined-endpoint", undefined_endpoint },
	{ "short-imprint", short_imprint },
	{ "nonce-not-minimal", nonce_not_minimal },
	{ "foreign-policy", foreign_policy },
	{ "signed", signed_message },
	{ "durable", durable },
	{ "journal-ready", journal_ready },
	{ "shipped", shipped },
	{ "record", record },
	{ "status", status },
	{ "ready-again", ready_again },
};

/* Datagrams that are no message at all. */
static bool lie_in_bytes(struct hostile *h, const char *name)
{
	const struct msg m = good_issue(h, MARK_LIE);
	struct bytes good = msg_encode(&m, h->out_buf);

	if (strcmp(name, "cut") == 0)
		return send_bytes((struct bytes){ good.at, CUT_AT });
	if (strcmp(name, "over-limit") == 0)
		return send_bytes((struct bytes){ h->out_buf, OVER_LIMIT });
	if (strcmp(name, "empty") == 0)
		return send(IPC_CHILD_FD, "", 0, MSG_NOSIGNAL) == 0;
	return false;
}

bool lie(struct hostile *h, const char *name)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct msg m;

		if (strcmp(messages[i].name, name) != 0)
			continue;
		m = good_issue(h, MARK_LIE);
		messages[i].change(h, &m);
		return send_message(h, &m);
	}
	return lie_in_bytes(h, name);
}
