/*
 * The models: whatever the dates, reasons and proofs, what they say keeps the rules below, which
 * are worked out from the situation alone and know nothing of how the models go about it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, which is zero past its end. */
struct choices {
	const uint8_t *at;
	size_t left;
};

static uint8_t choose(struct choices *choices)
{
	if (choices->left == 0)
		return 0;
	choices->left--;
	return *choices->at++;
}

/* One of 128 days ten days apart, or the second after; never 0. */
static int64_t choose_time(struct choices *choices)
{
	uint8_t choice = choose(choices);

	return DAYS(choice / 2 * 10) + choice % 2;
}

static struct made_crl choose_crl(struct choices *choices)
{
	static const int reasons[] = { NO_ENTRY, REASON_ABSENT, REASON_UNSPECIFIED,
		REASON_KEY_COMPROMISE, REASON_CA_COMPROMISE, REASON_AFFILIATION_CHANGED,
		REASON_SUPERSEDED, REASON_CESSATION, REASON_HOLD, REASON_PRIVILEGE_WITHDRAWN,
		REASON_AA_COMPROMISE, 17, NO_ENTRY, NO_ENTRY, NO_ENTRY, NO_ENTRY };
	uint8_t kind = choose(choices);
	uint8_t more = choose(choices);
	struct made_crl crl = {
		.of = (kind & 1) != 0 ? CRL_OF_TSU : CRL_OF_CA,
		.carried = (kind & 2) != 0,
		.wrong_key = (kind & 12) == 12,
		.reason = reasons[kind >> 4],
	};

	crl.this_update = choose_time(choices);
	crl.revoked = choose_time(choices);
	if ((more & 1) != 0)
		crl.next_update = crl.this_update + choose(choices) * INT64_C(86400);
	if ((more & 6) == 6)
		crl.invalid = choose_time(choices);
	if ((more & 8) != 0)
		crl.keeps = choose_time(choices);
	if ((more & 16) != 0)
		crl.poe = choose_time(choices);
	return crl;
}

static struct situation choose_situation(struct choices *choices)
{
	uint8_t kind = choose(choices);
	uint8_t count = choose(choices) % 4;
	struct situation s = {
		.root_end = (kind & 128) != 0 ? DAYS(900) : DAYS(14600),
		.ca_end = (kind & 64) != 0 ? DAYS(700) : DAYS(1100),
		.model = (enum check_model)(kind & 3) % 3,
		.required = (kind & 4) != 0,
		.half_a_second_more = (kind & 8) != 0,
	};

	s.gen_time = choose_time(choices);
	s.at = choose_time(choices);
	if ((kind & 16) != 0)
		s.poe = choose_time(choices);
	for (uint8_t i = 0; i < count; i++)
		s.crls[i] = choose_crl(choices);
	return s;
}

struct said {
	enum check_status status;
	enum check_sub sub;
	enum check_model model;
	unsigned needs;
};

static struct said say(struct model_world *world, const struct situation *s)
{
	const struct checked *checked = model_situation(world, s);

	return (struct said){ checked->verdict.status, checked->verdict.sub, checked->model,
		checked->verdict.need_count };
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When an entry's revocation begins to count. */
static int64_t since(const struct made_crl *crl)
{
	return crl->invalid != 0 ? least(crl->invalid, crl->revoked) : crl->revoked;
}

static bool counts(const struct made_crl *crl)
{
	return crl->of != CRL_NONE && !crl->wrong_key && crl->reason != NO_ENTRY;
}

static bool leaves_tokens(int reason)
{
	return reason == 0 || (reason >= 3 && reason <= 5);
}

/* RFC 3161 4, entry by entry. passed_as: the model under which it passed. */
static void check_entry(
	const struct situation *s, const struct made_crl *crl, enum check_model passed_as)
{
	if (crl->reason == REASON_HOLD) {
		bool newer = false;

		for (unsigned i = 0; i < MODEL_CRLS; i++)
			newer = newer || (s->crls[i].of == crl->of && !s->crls[i].wrong_key &&
						 s->crls[i].reason == NO_ENTRY &&
						 s->crls[i].this_update > crl->this_update);
		must(newer);
		return;
	}
	must(s->gen_time < since(crl));
	must(passed_as != MODEL_CURRENT);
	if (passed_as == MODEL_GENTIME)
		must(leaves_tokens(crl->reason));
	else
		must(s->poe != 0 && s->poe < since(crl));
}

/* Something was issued since genTime about a certificate that ends then. */
static bool is_covered(const struct situation *s, enum crl_of of, int64_t end)
{
	for (unsigned i = 0; i < MODEL_CRLS; i++) {
		const struct made_crl *crl = &s->crls[i];

		if (crl->of != of || crl->wrong_key)
			continue;
		if (counts(crl) && crl->reason != REASON_HOLD)
			return true;
		if (crl->this_update >= s->gen_time + s->half_a_second_more &&
			(crl->this_update <= end || (crl->keeps != 0 && crl->keeps <= end)))
			return true;
	}
	return false;
}

static void check_passed(const struct situation *s, enum check_model passed_as)
{
	int64_t end = least(DAYS(1000), least(s->ca_end, s->root_end));

	must(s->gen_time >= DAYS(100) && s->gen_time <= end && s->gen_time <= s->at);
	if (passed_as == MODEL_CURRENT)
		must(s->at <= end);
	if (passed_as == MODEL_PAST)
		must(s->poe != 0 && s->poe >= s->gen_time && s->poe <= end && s->poe <= s->at);
	for (unsigned i = 0; i < MODEL_CRLS; i++)
		if (counts(&s->crls[i]))
			check_entry(s, &s->crls[i], passed_as);
	if (s->required)
		must(is_covered(s, CRL_OF_TSU, DAYS(1000)) && is_covered(s, CRL_OF_CA, s->ca_end));
}

/* What is carried and cannot be used: nothing changes. */
static void check_useless(struct model_world *world, struct situation s, struct said before)
{
	static const struct made_crl useless[] = {
		{ .of = CRL_OF_TSU, .reason = NO_ENTRY, .carried = true },
		{ .of = CRL_OF_CA, .reason = REASON_ABSENT, .carried = true, .wrong_key = true },
	};
	struct said after;

	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		s.crls[MODEL_CRLS - 2 + i] = useless[i];
		s.crls[MODEL_CRLS - 2 + i].this_update = s.gen_time - 1;
		s.crls[MODEL_CRLS - 2 + i].revoked = s.gen_time - 2;
	}
	after = say(world, &s);
	must(after.status == before.status && after.sub == before.sub);
}

/* FAILED stays so, whatever is found later; a proof that fits never makes PASSED worse. */
static void check_more(
	struct model_world *world, struct situation s, struct said before, struct choices *choices)
{
	bool had_proof = s.poe != 0;

	s.crls[3] = choose_crl(choices);
	if (!had_proof)
		s.poe = s.gen_time + choose(choices);
	if (before.status == CHECK_FAILED)
		must(say(world, &s).status == CHECK_FAILED);
	s.crls[3].of = CRL_NONE;
	if (before.status == CHECK_PASSED && !had_proof)
		must(say(world, &s).status == CHECK_PASSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model_world *world;
	struct choices choices = { data, size };
	struct situation s;
	struct said said;

	if (world == NULL)
		world = model_world_new();
	s = choose_situation(&choices);
	said = say(world, &s);
	must((said.status == CHECK_PASSED) == (said.sub == SUB_NONE));
	must(said.status != CHECK_INDETERMINATE || said.needs > 0);
	if (said.status == CHECK_PASSED)
		check_passed(&s, said.model);
	check_useless(world, s, said);
	check_more(world, s, said, &choices);
	return 0;
}
