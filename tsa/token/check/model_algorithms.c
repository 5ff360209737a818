/* Algorithms by the date at which what they protect is known to exist: longterm.md 1.6. */
#include "model_part.h"

#include <stdio.h>
#include <string.h>

#include "signature.h"

/* What a signature was made with; digest NID_undef: one of its own (EdDSA). */
struct signed_with {
	int scheme;
	int digest;
	bool known; /* else an AlgorithmIdentifier that nobody can read */
};

static struct signed_with signed_with(const X509_ALGOR *algorithm)
{
	struct signed_with with = { .scheme = OBJ_obj2nid(algorithm->algorithm) };
	int key;

	if (with.scheme == NID_rsassaPss) {
		with.digest = signature_pss_digest(algorithm);
		with.known = with.digest != NID_undef;
	} else {
		with.known = OBJ_find_sigid_algs(with.scheme, &with.digest, &key) == 1;
	}
	return with;
}

static struct signed_with item_signed_with(const struct material_item *item)
{
	const X509_ALGOR *algorithm = NULL;

	switch (item->kind) {
	case MATERIAL_CERTIFICATE:
		X509_get0_signature(NULL, &algorithm, item->certificate);
		break;
	case MATERIAL_CRL:
		X509_CRL_get0_signature(item->crl, NULL, &algorithm);
		break;
	case MATERIAL_OCSP:
		algorithm = OCSP_resp_get0_tbs_sigalg(item->ocsp);
		break;
	}
	return signed_with(algorithm);
}

/* When and which: "sha1 is relied on until 2012-08-01T00:00:00Z". */
static void say_end(const char *name, int64_t last, char why[160])
{
	char end[MODEL_TIME];

	if (last == ALGORITHMS_NEVER)
		(void)snprintf(why, 160, "%s is not relied on by the table of algorithms", name);
	else
		(void)snprintf(why, 160, "%s is relied on until %s", name, model_time(last, end));
}

/* The last second at which both parts are relied on; why says which ends first. */
static int64_t last_of(
	const struct algorithms *table, struct signed_with with, const EVP_PKEY *key, char why[160])
{
	char name[32];
	int64_t signature = algorithms_signature(table, with.scheme, key);
	int64_t digest = ALGORITHMS_NO_END;

	if (with.digest != NID_undef)
		digest = algorithms_digest(table, with.digest);
	if (digest < signature) {
		say_end(OBJ_nid2ln(with.digest), digest, why);
		return digest;
	}
	algorithms_signature_name(with.scheme, key, name);
	say_end(name, signature, why);
	return signature;
}

/* The last second at which an object's signature is relied on. */
static int64_t item_last(const struct algorithms *table, const struct material_item *item,
	const struct material_item *signer, char why[160])
{
	struct signed_with with = item_signed_with(item);

	if (!with.known) {
		(void)snprintf(why, 160, "its signature algorithm is unknown");
		return ALGORITHMS_NEVER;
	}
	return last_of(table, with, X509_get0_pubkey(signer->certificate), why);
}

bool algorithms_hold(const struct algorithms *table, const struct material_item *signed_by_key,
	const struct material_item *signer, int64_t time, char why[160])
{
	return time <= item_last(table, signed_by_key, signer, why);
}

/* Something is used after its end: the problem, and whether a proof could still settle it. */
static void too_old(
	struct judgement *j, const char *what, const char *why, int64_t last, int64_t time)
{
	char when[MODEL_TIME];
	struct problem *problem = problem_add(j, GRAVITY_CRYPTO, "V-ALG",
		SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "%s: %s, and it is known to exist since %s",
		what, why, model_time(time, when));

	if (last >= j->gen_time)
		problem_need(problem, "a proof that this token existed by %s, of another key",
			model_time(last, when));
	else
		problem_need(problem,
			"nothing that was made later: %s was not relied on any more at genTime; only "
			"another table of algorithms takes it",
			what);
}

static void check_imprint(struct judgement *j)
{
	int digest = j->checked->facts.imprint_digest;
	int64_t last = algorithms_digest(j->policy->algorithms, digest);
	char why[160];

	if (j->at <= last)
		return;
	say_end(OBJ_nid2ln(digest), last, why);
	too_old(j, "the imprint's digest", why, last, j->at);
}

static void check_signature(struct judgement *j)
{
	const struct token_facts *facts = &j->checked->facts;
	struct signed_with with = { .scheme = facts->signature_scheme,
		.digest = facts->signature_digest };
	char why[160];
	int64_t last = last_of(
		j->policy->algorithms, with, X509_get0_pubkey(facts->signer->certificate), why);

	if (j->at > last)
		too_old(j, "the token's signature", why, last, j->at);
}

/* The token's signature is not older than the path that it names. */
static int64_t certificate_time(const struct judgement *j, const struct material_item *certificate)
{
	int64_t poe;

	if (j->model != MODEL_PAST)
		return j->at;
	poe = material_poe(j->material, certificate->sha256, NULL);
	return poe < j->poe ? poe : j->poe;
}

static void check_certificates(struct judgement *j)
{
	const struct path *path = &j->checked->path;

	for (unsigned i = 0; i + 1 < path->length; i++) {
		int64_t time = certificate_time(j, path->at[i]);
		char why[160];
		int64_t last = item_last(j->policy->algorithms, path->at[i], path->at[i + 1], why);
		char name[MODEL_NAME];
		char what[MODEL_NAME + 32];

		if (time <= last)
			continue;
		(void)snprintf(
			what, sizeof(what), "the signature of %s", model_name(path->at[i], name));
		too_old(j, what, why, last, time);
	}
}

void algorithms_check(struct judgement *j)
{
	unsigned before = j->problem_count;
	char when[MODEL_TIME];

	check_imprint(j);
	check_signature(j);
	check_certificates(j);
	if (j->problem_count == before)
		verdict_line(&j->checked->verdict, "V-ALG", CHECK_PASS,
			"all algorithms were relied on at %s (%s)", model_time(j->at, when),
			algorithms_version(j->policy->algorithms));
}
