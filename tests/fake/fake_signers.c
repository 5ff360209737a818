/*
 * Signers without processes or keys, behind the real crew.c and lane.c: the signed attributes are
 * real, the signature is not, since tsad never looks at it.
 */
#include "authority.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/lane.h"
#include "tsa/core/ipc.h"
#include "tsa/token/build.h"

enum { MAX_SIGNERS = 64, MAX_TSTINFO_HELD = 512, PROVES_MS = 1 };

struct signer {
	struct child *child; /* NULL: a free place */
	struct event *proof;
	const struct tsu *tsu; /* of the lane, which lives as long as its child */
	bool busy;
	uint64_t job;
	uint8_t tstinfo[MAX_TSTINFO_HELD];
	size_t tstinfo_len;
};

static struct signer signers[MAX_SIGNERS];
static bool at_once;
static enum fake_proof proof;

void __real_lane_sign(struct lane *lane, struct job *job, struct bytes tstinfo);
void __wrap_lane_sign(struct lane *lane, struct job *job, struct bytes tstinfo);

void fake_signers_reset(bool sign_at_once)
{
	memset(signers, 0, sizeof(signers));
	at_once = sign_at_once;
	proof = FAKE_PROVES;
}

void fake_signers_sign_at_once(bool sign_at_once)
{
	at_once = sign_at_once;
}

void fake_signers_prove(enum fake_proof how)
{
	proof = how;
}

static void says(const struct signer *s, const struct msg *m)
{
	static uint8_t room[IPC_MAX_MESSAGE];

	fake_child_says(s->child, msg_encode(m, room), false);
}

static void on_proof(evutil_socket_t fd, short what, void *arg)
{
	const struct signer *s = arg;
	const struct msg ready = { .type = MSG_SIGNER_READY, .signer_ready = { "a token" } };
	struct msg failed = { .type = MSG_FAILED, .failed = { MSG_FAILURE_KEY, "no key" } };

	(void)fd;
	(void)what;
	if (proof == FAKE_PROVES) {
		says(s, &ready);
	} else if (proof != FAKE_HANGS) {
		failed.failed.failure =
			proof == FAKE_PIN_REFUSED ? MSG_FAILURE_PIN : MSG_FAILURE_KEY;
		says(s, &failed);
		fake_child_dies(s->child, 1 << 8);
	}
}

/* ---- what fake_children.c tells ---- */

void fake_signer_started(struct child *child, struct event_base *base)
{
	const struct timeval after = { .tv_usec = PROVES_MS * 1000 };
	struct signer *s = signers;

	while (s->child != NULL) {
		if (++s == signers + MAX_SIGNERS)
			abort(); /* no reload leaves so many */
	}
	*s = (struct signer){ .child = child, .proof = evtimer_new(base, on_proof, s) };
	(void)evtimer_add(s->proof, &after);
}

static struct signer *signer_of(const struct child *child)
{
	struct signer *s = signers;

	while (s->child != child) {
		if (++s == signers + MAX_SIGNERS)
			abort();
	}
	return s;
}

void fake_signer_gone(const struct child *child)
{
	struct signer *s = signer_of(child);

	event_free(s->proof);
	s->child = NULL;
}

/* ---- what tsad asks: the watcher sees the job as well, which no message has ---- */

void __wrap_lane_sign(struct lane *lane, struct job *job, struct bytes tstinfo)
{
	struct signer *s = signer_of(lane->child);

	if (s->busy || fake_child_is_condemned(s->child) || tstinfo.len > sizeof(s->tstinfo))
		abort();
	s->busy = true;
	s->tsu = lane->tsu;
	s->job = job->id;
	s->tstinfo_len = tstinfo.len;
	memcpy(s->tstinfo, tstinfo.at, tstinfo.len);
	fake_watch()->sign(job, lane->tsu->config, tstinfo);
	__real_lane_sign(lane, job, tstinfo);
}

/* ---- knobs ---- */

unsigned fake_signers_count(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < MAX_SIGNERS; i++)
		count += signers[i].child != NULL;
	return count;
}

static struct signer *numbered(unsigned number)
{
	struct signer *s = signers;

	while (s->child == NULL || number-- > 0)
		s++;
	return s;
}

static void sign(struct signer *s)
{
	static const uint8_t signature[71] = { 0x30, 0x45, 0x02, 0x21, 0x00, 0xc0 };
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct msg m = { .type = MSG_SIGNED,
		.signature = { .job = s->job, .signature = { signature, sizeof(signature) } } };
	struct err err;

	if (s->child == NULL || !s->busy)
		return;
	s->busy = false;
	if (!token_signed_attrs(s->tsu->parts, (struct bytes){ s->tstinfo, s->tstinfo_len }, room,
		    sizeof(room), &m.signature.signed_attrs, &err))
		abort();
	says(s, &m);
}

void fake_signer_signs(unsigned number)
{
	sign(numbered(number));
}

/* Refuses, answers for another job, with nonsense, or with what no signer says. */
void fake_signer_fails(unsigned number, unsigned how)
{
	static const uint8_t one[1] = { 0 };
	struct signer *s = numbered(number);
	struct msg m = { .type = MSG_SIGNED,
		.signature = { s->job, { one, sizeof(one) }, { one, sizeof(one) } } };

	if (!s->busy)
		return;
	s->busy = false;
	if (how % 4 == 0)
		m = (struct msg){ .type = MSG_SIGN_FAILED,
			.sign_failed = { s->job, MSG_FAILURE_KEY, "no\n\x01" } };
	else if (how % 4 == 1)
		m.signature.job++;
	else if (how % 4 == 2)
		m = (struct msg){ .type = MSG_READY, .ready = { .version = MSG_VERSION } };
	says(s, &m);
}

void fake_signer_dies(unsigned number)
{
	fake_child_dies(numbered(number)->child, 9);
}

void fake_signers_turn(void)
{
	bool signed_one = at_once;

	/* A signature may bring the next job. */
	while (signed_one) {
		signed_one = false;
		for (size_t i = 0; i < MAX_SIGNERS; i++) {
			signed_one = signed_one || (signers[i].child != NULL && signers[i].busy);
			sign(&signers[i]);
		}
	}
}
