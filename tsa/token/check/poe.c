/*
 * Later tokens as proofs of existence (EN 319 102-1 5.6.2.3): the newest first, each only once it
 * is PASSED itself, and only for octets that its imprint was seen to fit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/sha.h>

#include "model_part.h"

enum { TARGET_DIGESTS = 8 }; /* digests of one thing that are kept */

/* Octets that a token may cover. */
struct target {
	struct bytes octets;
	uint8_t sha256[MATERIAL_HASH];
	bool is_token;
	struct {
		const EVP_MD *digest;
		uint8_t value[EVP_MAX_MD_SIZE];
		unsigned len;
	} digests[TARGET_DIGESTS];
	unsigned digest_count;
};

/* One token of those given, and when it says it was made. */
struct proof {
	unsigned number; /* as given */
	struct bytes octets;
	struct moment moment;
};

struct proofs {
	const struct check_policy *policy; /* without what was asked of the one token */
	struct material *shared;
	struct material_cache *cache;
	struct target *targets;
	unsigned target_count;
	struct checked *checked; /* of the proof at work */
	struct token_facts facts; /* of the token that it covers */
	struct verdict verdict;
};

static void add_target(struct proofs *proofs, struct bytes octets, bool is_token)
{
	struct target *target = &proofs->targets[proofs->target_count++];

	*target = (struct target){ .octets = octets, .is_token = is_token };
	(void)SHA256(octets.at, octets.len, target->sha256);
}

/* The octets as they are; of a response the token in it as well, which goes with them. */
static void add_targets(struct proofs *proofs, struct bytes octets)
{
	struct token_file file;

	token_file_read(octets, &file);
	add_target(proofs, octets, file.kind != TOKEN_NEITHER);
	if (file.kind == TOKEN_RESPONSE && file.cms.whole != NULL) {
		add_target(proofs, file.cms.whole->whole, true);
		material_add_inside(proofs->shared,
			proofs->targets[proofs->target_count - 1].sha256,
			proofs->targets[proofs->target_count - 2].sha256);
	}
	token_file_wipe(&file);
}

/* A target's digest, made once; len 0 if there is no room for one more kind. */
static struct bytes digest_of(struct target *target, const EVP_MD *digest)
{
	unsigned n = target->digest_count;

	for (unsigned i = 0; i < n; i++)
		if (target->digests[i].digest == digest)
			return (struct bytes){ target->digests[i].value, target->digests[i].len };
	if (n == TARGET_DIGESTS ||
		EVP_Digest(target->octets.at, target->octets.len, target->digests[n].value,
			&target->digests[n].len, digest, NULL) != 1)
		return (struct bytes){ 0 };
	target->digests[n].digest = digest;
	target->digest_count++;
	return (struct bytes){ target->digests[n].value, target->digests[n].len };
}

static bool covers(const struct token_facts *facts, struct target *target)
{
	const EVP_MD *digest = EVP_get_digestbynid(facts->imprint_digest);
	struct bytes found;

	if (digest == NULL || facts->file.tst.hashed == NULL)
		return false;
	found = digest_of(target, digest);
	return found.len > 0 && bytes_equal(found, facts->file.tst.hashed->content);
}

/* A key that vouches for its own tokens vouches for none: RFC 3161 4. */
static bool is_of_one_key(struct proofs *proofs, const struct target *target)
{
	struct material *material;
	const struct material_item *mine = proofs->checked->facts.signer;
	bool same;

	if (!target->is_token)
		return false;
	material = material_new(proofs->cache, proofs->shared);
	verdict_start(&proofs->verdict);
	token_check(
		target->octets, &proofs->policy->wants, material, &proofs->facts, &proofs->verdict);
	same = proofs->facts.signer != NULL &&
	       EVP_PKEY_eq(X509_get0_pubkey(proofs->facts.signer->certificate),
		       X509_get0_pubkey(mine->certificate)) == 1;
	token_wipe(&proofs->facts);
	material_free(material);
	return same;
}

/* Adds what a PASSED token proves. Returns how many things. */
static unsigned prove(struct proofs *proofs)
{
	struct checked *checked = proofs->checked;
	char name[MODEL_NAME];
	char time[MODEL_TIME];
	char from[MODEL_NAME + MODEL_TIME + 32];
	unsigned count = 0;

	(void)snprintf(from, sizeof(from), "a time-stamp of %s by %s",
		model_time(checked->time_proven, time), model_name(checked->facts.signer, name));
	for (unsigned i = 0; i < proofs->target_count; i++) {
		struct target *target = &proofs->targets[i];

		if (!covers(&checked->facts, target))
			continue;
		if (is_of_one_key(proofs, target)) {
			verdict_line(&checked->verdict, "V-POE", CHECK_WARN,
				"it covers a token of its own key, and proves nothing about that");
			continue;
		}
		material_add_poe_by(proofs->shared, target->sha256, checked->time_proven, from,
			X509_get0_pubkey(checked->facts.signer->certificate));
		count++;
	}
	return count;
}

static void check_proof(
	struct proofs *proofs, const struct proof *proof, check_poe_found *found, void *arg)
{
	struct material *material = material_new(proofs->cache, proofs->shared);
	unsigned count = 0;

	check_token(proof->octets, proofs->policy, material, proofs->checked);
	if (proofs->checked->proved)
		count = prove(proofs);
	if (found != NULL)
		found(arg, proof->number, proofs->checked, count);
	checked_wipe(proofs->checked);
	material_free(material);
}

/* The newest first; of equals the one that was given later. */
static int newest_first(const void *a, const void *b)
{
	const struct proof *left = a;
	const struct proof *right = b;

	if (left->moment.seconds != right->moment.seconds)
		return left->moment.seconds < right->moment.seconds ? 1 : -1;
	if (left->moment.micros != right->moment.micros)
		return left->moment.micros < right->moment.micros ? 1 : -1;
	return left->number < right->number ? 1 : -1;
}

static struct proof *proofs_in_order(const struct bytes *tokens, unsigned count)
{
	struct proof *order = must_calloc(count, sizeof(*order));

	for (unsigned i = 0; i < count; i++) {
		struct token_file file;

		token_file_read(tokens[i], &file);
		order[i] = (struct proof){ i, tokens[i], file.tst.moment };
		token_file_wipe(&file);
	}
	qsort(order, count, sizeof(*order), newest_first);
	return order;
}

void check_proofs(const struct bytes *tokens, unsigned count, const struct check_object *objects,
	unsigned object_count, const struct check_policy *policy, struct material *shared,
	struct material_cache *cache, check_poe_found *found, void *arg)
{
	struct check_policy plain = *policy;
	struct proofs *proofs;
	struct proof *order;

	if (count == 0)
		return;
	plain.wants = (struct token_wants){ .legacy_eku = policy->wants.legacy_eku };
	proofs = must_calloc(1, sizeof(*proofs));
	proofs->policy = &plain;
	proofs->shared = shared;
	proofs->cache = cache;
	proofs->checked = must_calloc(1, sizeof(*proofs->checked));
	proofs->targets = must_calloc(2 * ((size_t)count + object_count), sizeof(struct target));
	for (unsigned i = 0; i < object_count; i++)
		add_targets(proofs, objects[i].octets);
	for (unsigned i = 0; i < count; i++)
		add_targets(proofs, tokens[i]);
	order = proofs_in_order(tokens, count);
	for (unsigned i = 0; i < count; i++)
		check_proof(proofs, &order[i], found, arg);
	free(order);
	free(proofs->targets);
	free(proofs->checked);
	free(proofs);
}
