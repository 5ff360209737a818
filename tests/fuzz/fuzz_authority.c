/*
 * tsad with a front that was taken over (issue 3, point 5): its own code from service.c down, the
 * neighbours of tests/fake/ around it, and authority_model.c, which aborts where the worst that a
 * front can do is more than to ask for tokens at the present time.
 *
 * The input is a program: one byte of set-up, then steps, each an opcode and its operands (below).
 * After the last step time goes on, SIGTERM comes, and the service has to end by itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authority_config.h"
#include "authority_model.h"
#include "authority_program.h"
#include "tsa/authority/service.h"
#include "tsa/core/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_STEPS = 400,
	MAX_PASSED_MS = 120000, /* of one program */
	MAX_RELOADS = 24, /* a lease each */
	ALL_ANSWERED_MS = 4000, /* R16: 3 s, and a turn of the tick */
	ALL_STOPPED_MS = 31000, /* service.c ends by force after 30 s, with status 1 */
	GREAT_FLOOD = 1024, /* requests of a flood step with an operand from LEAST_GREAT on */
	LEAST_GREAT = 250, /* rare: they take the time of hundreds of other programs */
};

/* The set-up byte. */
enum {
	SETUP_SLOW_SIGNERS = 1,
	SETUP_SLOW_JOURNAL = 2,
	SETUP_MUTE_FRONTS = 4, /* fronts do not say READY by themselves */
	SETUP_CHECKED_CLOCK = 8,
	SETUP_OLD_JOURNAL = 16,
	SETUP_HANGING_FRONTS = 32, /* fronts do not end when they are told to */
};

enum step {
	STEP_RAW, /* where u8, length u8, bytes: a datagram */
	STEP_ISSUE, /* where u8, endpoint, digest, imprint, policy, nonce, flags, id u8 each */
	STEP_STATUS, /* where u8, what u8 */
	STEP_READY, /* where u8 */
	STEP_FAILED, /* where u8, class u8 */
	STEP_OTHER, /* where u8, type u8, length u8: a type byte and zeros */
	STEP_FLOOD, /* u8: good requests */
	STEP_DEAF, /* where u8: reads no more */
	STEP_DIE, /* where u8 */
	STEP_SIGN, /* lane u8 */
	STEP_SIGN_FAILS, /* lane u8, reason u8 */
	STEP_SIGNER_DIES, /* lane u8 */
	STEP_DURABLE, /* records u8 */
	STEP_JOURNAL_BROKEN, /* u8 */
	STEP_JOURNAL_FATAL,
	STEP_PASS, /* u8 times 16 ms */
	STEP_CLOCK, /* u16 as signed milliseconds */
	STEP_CLOCK_FAR, /* u8 times 1024 s */
	STEP_CLOCK_STATE, /* u8: bit 7 not synchronised, else error bound times 8 ms */
	STEP_SIGTERM,
	STEP_MODE, /* u8: slow signers, slow journal */
	STEPS,
	/*
	 * u8: bits 0..2 what is found, if bits 3..5 are set another list; bits 6..7 how signers
	 * that start go on. Beside the others, so that inputs from before it mean what they did.
	 */
	STEP_RELOAD = 252,
};

enum { RELOAD_LISTS = 0x38 };

/* where: bit 0 the admin front, bit 1 read with the next datagram. */
enum { WHERE_ADMIN = 1, WHERE_LATER = 2 };

static struct {
	uint8_t setup;
	uint32_t passed_ms;
	uint32_t number; /* last good request number */
	uint32_t nonce; /* of the front that counts so */
	unsigned reloads;
	bool stopping;
} program;

static void greet(void);

/* Neighbours that answer at once do so here: never inside a call of tsad's. */
static void turn(void)
{
	for (int i = 0; i < 4 && !fake_loop_broken(); i++) {
		fake_signers_turn();
		if ((program.setup & SETUP_SLOW_JOURNAL) == 0)
			fake_journal_writes(SIZE_MAX);
		greet();
	}
}

static void pass(uint32_t ms)
{
	uint32_t until_ms = ms;

	while (until_ms > 0 && !fake_loop_broken()) {
		until_ms -= fake_pass(until_ms);
		turn();
	}
}

/* ---- what a front says ---- */

static void says(uint8_t where, struct bytes datagram)
{
	struct child *front = fake_child((where & WHERE_ADMIN) != 0 ? "admin" : "front");
	bool later = (where & WHERE_LATER) != 0;

	if (front == NULL || !model_has_room())
		return;
	model_front_says(front, datagram, later);
	fake_child_says(front, datagram, later);
	if (!later)
		model_front_was_heard(front);
}

static void says_message(uint8_t where, const struct msg *m)
{
	static uint8_t room[IPC_MAX_MESSAGE];

	says(where, msg_encode(m, room));
}

static uint64_t front_id(uint32_t number)
{
	struct child *front = fake_child("front");

	return (uint64_t)(front == NULL ? 0 : fake_child_nonce(front)) << 32 | number;
}

/* Ids that rise, come again, belong to another front, or jump. */
static uint64_t some_id(uint8_t how)
{
	if (how < 224)
		program.number += 1 + how / 64;
	switch (how) {
	case 224:
		return front_id(program.number);
	case 225:
		return front_id(0);
	case 226:
		return front_id(++program.number) ^ (uint64_t)0x01010101 << 32;
	case 227:
		program.number = UINT32_MAX - 1;
		break;
	default:
		break;
	}
	return front_id(program.number);
}

static void step_issue(void)
{
	uint8_t room[PROGRAM_ISSUE_ROOM];
	uint8_t where = program_u8();

	says(where, program_issue(some_id, room));
}

static void step_flood(void)
{
	static const uint8_t imprint[32] = { 1 };
	unsigned count = program_u8();
	struct msg m = { .type = MSG_ISSUE,
		.issue = { .digest = TSP_SHA256, .imprint = { imprint, sizeof(imprint) } } };

	count = count >= LEAST_GREAT ? GREAT_FLOOD : 1 + count % 16;
	for (; count > 0 && model_has_room(); count--) {
		m.issue.id = front_id(++program.number);
		says_message(0, &m);
	}
}

static void step_says(enum step step, uint8_t where)
{
	static const uint8_t zeros[256];
	uint8_t other[256] = { 0 };
	uint8_t what = program_u8();
	struct msg m = { .type = MSG_STATUS };

	switch (step) {
	case STEP_RAW:
		says(where, program_take(what));
		break;
	case STEP_STATUS:
		m.status.id = some_id(0);
		if (fake_child("admin") != NULL)
			m.status.id = (uint64_t)fake_child_nonce(fake_child("admin")) << 32 |
				      (uint32_t)m.status.id;
		m.status.what = what % MSG_STATUS_KINDS;
		says_message(where, &m);
		break;
	case STEP_FAILED:
		m = (struct msg){ .type = MSG_FAILED,
			.failed = { what % MSG_FAILURES, "no\n\x01" } };
		says_message(where, &m);
		break;
	case STEP_OTHER:
		other[0] = what;
		memcpy(other + 1, zeros, sizeof(other) - 1);
		says(where, (struct bytes){ other, (size_t)program_u8() + 1 });
		break;
	default:
		break;
	}
}

static void ready(uint8_t where)
{
	const struct msg m = { .type = MSG_READY, .ready = { .version = MSG_VERSION } };

	says_message(where, &m);
}

/* Fronts that were given tables, and speak for themselves. */
static void greet(void)
{
	static const char *const labels[] = { "front", "admin" };

	for (uint8_t i = 0; i < 2 && (program.setup & SETUP_MUTE_FRONTS) == 0; i++) {
		const struct child *c = fake_child(labels[i]);

		if (c == NULL || !model_awaits_ready(c) || fake_child_is_condemned(c))
			continue;
		if (program.nonce != fake_child_nonce(c) && i == 0)
			program.number = 0;
		program.nonce = i == 0 ? fake_child_nonce(c) : program.nonce;
		ready(i == 0 ? 0 : WHERE_ADMIN);
	}
}

/* ---- the other steps ---- */

static void step_front(enum step step)
{
	uint8_t where = program_u8();
	struct child *front = fake_child((where & WHERE_ADMIN) != 0 ? "admin" : "front");

	if (front == NULL)
		return;
	if (step == STEP_READY)
		ready(where);
	else if (step == STEP_DEAF)
		fake_child_deaf(front);
	else
		fake_child_dies(front, 9);
}

static void step_signer(enum step step)
{
	unsigned lane = program_u8();

	if (fake_signers_count() == 0)
		return;
	lane %= fake_signers_count();
	if (step == STEP_SIGN)
		fake_signer_signs(lane);
	else if (step == STEP_SIGNER_DIES)
		fake_signer_dies(lane);
	else
		fake_signer_fails(lane, program_u8());
}

static void step_pass(void)
{
	uint32_t ms = program_u8() * 16u;

	if (program.passed_ms + ms > MAX_PASSED_MS)
		return;
	program.passed_ms += ms;
	pass(ms);
}

static void step_clock(enum step step)
{
	unsigned value = program_u8();

	if (step == STEP_CLOCK)
		fake_clock_step((int64_t)(int16_t)(value << 8 | program_u8()) * 1000);
	else if (step == STEP_CLOCK_FAR)
		fake_clock_step((int64_t)value * 1024 * 1000000);
	else
		fake_clock_state((value & 0x80) == 0, (value & 0x7f) * 8000);
}

static void step_journal(enum step step)
{
	if (step == STEP_DURABLE) {
		fake_journal_writes(program_u8());
	} else if (step == STEP_JOURNAL_BROKEN) {
		fake_journal_broken((program_u8() & 1) == 1 && !program.stopping);
	} else {
		model_may_fail();
		fake_journal_fatal();
	}
}

/* A disk that does not write may keep it from ending (service.c: 30 s); a front must not. */
static void sigterm(void)
{
	fake_journal_broken(false);
	program.setup &= (uint8_t)~SETUP_SLOW_JOURNAL;
	if (!program.stopping)
		fake_sigterm();
	program.stopping = true;
}

static void step_mode(void)
{
	uint8_t slow = SETUP_SLOW_SIGNERS | SETUP_SLOW_JOURNAL;

	if (program.stopping)
		slow = SETUP_SLOW_SIGNERS;
	program.setup = (uint8_t)((program.setup & ~slow) | (program_u8() & slow));
	fake_signers_sign_at_once((program.setup & SETUP_SLOW_SIGNERS) == 0);
}

static void step_reload(void)
{
	uint8_t how = program_u8();
	bool lists = (how & RELOAD_LISTS) == RELOAD_LISTS;

	if (program.reloads++ >= MAX_RELOADS)
		return;
	authority_config_changes(lists ? CHANGE_LIST : (enum authority_change)(how % CHANGE_LIST));
	fake_signers_prove((enum fake_proof)(how >> 6));
	fake_sighup();
}

static void one_step(void)
{
	uint8_t code = program_u8();
	enum step step = code < STEP_RELOAD ? (enum step)(code % STEPS) : STEP_RELOAD;

	switch (step) {
	case STEP_ISSUE:
		step_issue();
		break;
	case STEP_RAW:
	case STEP_STATUS:
	case STEP_FAILED:
	case STEP_OTHER:
		step_says(step, program_u8());
		break;
	case STEP_FLOOD:
		step_flood();
		break;
	case STEP_READY:
	case STEP_DEAF:
	case STEP_DIE:
		step_front(step);
		break;
	case STEP_SIGN:
	case STEP_SIGN_FAILS:
	case STEP_SIGNER_DIES:
		step_signer(step);
		break;
	case STEP_DURABLE:
	case STEP_JOURNAL_BROKEN:
	case STEP_JOURNAL_FATAL:
		step_journal(step);
		break;
	case STEP_PASS:
		step_pass();
		break;
	case STEP_CLOCK:
	case STEP_CLOCK_FAR:
	case STEP_CLOCK_STATE:
		step_clock(step);
		break;
	case STEP_SIGTERM:
		sigterm();
		break;
	case STEP_MODE:
		step_mode();
		break;
	case STEP_RELOAD:
		step_reload();
		break;
	case STEPS:
		break;
	}
}

static void hear_rest(const char *label)
{
	struct child *front = fake_child(label);

	if (front == NULL)
		return;
	fake_child_is_heard(front);
	model_front_was_heard(front);
}

/* Whatever was done to it: it comes back to rest, has a front again, and stops when told to. */
static void rest(void)
{
	hear_rest("front");
	hear_rest("admin");
	fake_journal_broken(false);
	fake_signers_sign_at_once(true);
	fake_signers_prove(FAKE_PROVES);
	program.setup &= (uint8_t) ~(SETUP_SLOW_SIGNERS | SETUP_SLOW_JOURNAL | SETUP_MUTE_FRONTS);
	pass(ALL_ANSWERED_MS);
	model_all_answered();
	if (model_is_ready() && !program.stopping && !fake_loop_broken()) {
		pass(2000);
		PROMISE(fake_child("front") != NULL, "no front was started again");
	}
	sigterm();
	pass(ALL_STOPPED_MS);
	PROMISE(fake_loop_broken(), "the service does not stop");
}

static void run(void)
{
	pass(16);
	for (int i = 0; i < MAX_STEPS && !program_is_at_end() && !fake_loop_broken(); i++) {
		one_step();
		if (!fake_loop_broken())
			turn();
	}
	if (!fake_loop_broken())
		rest();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *config;
	struct fake_found found = { 0 };

	if (config == NULL)
		config = authority_config();
	memset(&program, 0, sizeof(program));
	program_begin(data, size);
	program.setup = program_u8();
	config->clock = (program.setup & SETUP_CHECKED_CLOCK) != 0 ? CONFIG_CLOCK_KERNEL
								   : CONFIG_CLOCK_UNCHECKED;
	model_begin(config, run);
	found.old = (program.setup & SETUP_OLD_JOURNAL) != 0;
	fake_children_reset((program.setup & SETUP_HANGING_FRONTS) == 0);
	fake_journal_reset(&found);
	fake_signers_reset((program.setup & SETUP_SLOW_SIGNERS) == 0);
	model_ended(service_run("tsad.conf", config, NULL));
	return 0;
}
