/* Are the objects in every chain (RFC 4998 5.3)? Owns the hashes that are looked for. */
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "tsa/tsp/der.h"

/* What is looked for in the first list of a chain. */
struct search {
	struct evidence_run *run;
	unsigned chain;
	enum evidence_rule rule;
	const struct stamp_state *state;
	struct hash before; /* of all chains before; of a later chain */
	struct hash *hashes; /* of objects, as they should be in the list */
	struct hash_list looked_for;
};

/* H over the ArchiveTimeStampSequence of the chains before one, its header made anew. */
static void hash_before(const struct evidence_record *record, unsigned chain, const EVP_MD *digest,
	struct hash *out)
{
	const struct bytes first = record->chains[0].whole->whole;
	const struct bytes last = record->chains[chain - 1].whole->whole;
	struct bytes chains = { first.at, (size_t)(last.at + last.len - first.at) };
	uint8_t header[1 + 1 + sizeof(size_t)];
	size_t at = sizeof(header);
	size_t len = chains.len;

	if (len >= 0x80) {
		for (; len > 0; len >>= 8)
			header[--at] = (uint8_t)len;
		len = 0x80 | (sizeof(header) - at);
	}
	header[--at] = (uint8_t)len;
	header[--at] = DER_SEQUENCE;
	hash_of(digest, (struct bytes){ header + at, sizeof(header) - at }, chains,
		(struct bytes){ 0 }, out);
}

/* True if the hash of an object stands there in the order that RFC 4998 figure 4 shows. */
static bool is_sorted_variant(const struct search *search, const struct hash *object)
{
	const EVP_MD *digest = search->state->digest;
	struct bytes a = hash_view(digest, object);
	struct bytes b = hash_view(digest, &search->before);
	struct hash sorted;

	if (search->rule != RULE_TREE_RENEWAL || memcmp(a.at, b.at, a.len) <= 0)
		return false;
	hash_of(digest, b, a, (struct bytes){ 0 }, &sorted);
	return hash_list_has(&search->state->first, hash_view(digest, &sorted));
}

static void look_for(struct search *search, const struct evidence_object *object, struct hash *out)
{
	const EVP_MD *digest = search->state->digest;
	const char *name = rule_digest_name(EVP_MD_get_type(digest));
	struct evidence_run *run = search->run;
	struct hash plain;

	if (object->digest(object->arg, digest, plain.at) != (unsigned)EVP_MD_get_size(digest)) {
		rule_fail(run, search->rule, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND,
			"chain %u: its first list is of %s: %s is not at hand in that digest",
			search->chain, name, object->name);
		verdict_need(
			&run->report->verdict, "the data of %s, or their %s", object->name, name);
		return;
	}
	*out = plain;
	if (search->rule == RULE_TREE_RENEWAL)
		hash_of(digest, hash_view(digest, &plain), hash_view(digest, &search->before),
			(struct bytes){ 0 }, out);
	search->looked_for.at[search->looked_for.count++] = hash_view(digest, out);
	if (hash_list_has(&search->state->first, hash_view(digest, out)))
		return;
	if (search->rule == RULE_OBJECTS)
		rule_fail(run, RULE_OBJECTS, CHECK_FAILED, SUB_HASH_FAILURE,
			"ATS %u/0: RFC 4998 5.3 step 2: its first list must have the %s of %s: has not",
			search->chain, name, object->name);
	else
		rule_fail(run, RULE_TREE_RENEWAL, CHECK_FAILED, SUB_HASH_FAILURE,
			"ATS %u/0: RFC 4998 5.3 step 4: its first list must have H(H(d) || H(all chains "
			"before)) of %s: has not%s",
			search->chain, object->name,
			is_sorted_variant(search, &plain)
				? "; not conformant: sorted concatenation (RFC 4998 figure 4; 5.2 "
				  "step 4 has the object's hash first)"
				: "");
}

/* How many of a list are not looked for. */
static unsigned count_extra(const struct hash_list *list, const struct hash_list *looked_for)
{
	unsigned extra = 0;

	for (size_t i = 0; i < list->count; i++)
		extra += !hash_list_has(looked_for, list->at[i]);
	return extra;
}

static void check_chain(struct evidence_run *run, unsigned chain)
{
	const struct evidence_wants *wants = run->wants;
	unsigned first = run->record->chains[chain].first;
	struct search search = {
		.run = run,
		.chain = chain,
		.rule = chain == 0 ? RULE_OBJECTS : RULE_TREE_RENEWAL,
		.state = &run->stamps[first],
	};

	if (search.state->digest == NULL || wants->count == 0)
		return;
	search.hashes = must_calloc(wants->count, sizeof(*search.hashes));
	search.looked_for.at = must_calloc(wants->count, sizeof(*search.looked_for.at));
	if (chain > 0)
		hash_before(run->record, chain, search.state->digest, &search.before);
	for (unsigned i = 0; i < wants->count; i++)
		look_for(&search, &wants->objects[i], &search.hashes[i]);
	hash_list_sort(&search.looked_for);
	run->stamps[first].all_at_hand = search.looked_for.count == wants->count;
	run->report->stamps[first].extra_hashes =
		count_extra(&search.state->first, &search.looked_for);
	hash_list_free(&search.looked_for);
	free(search.hashes);
}

void rule_objects(struct evidence_run *run)
{
	const struct evidence_wants *wants = run->wants;

	if (wants->count == 0) {
		rule_fail(run, RULE_OBJECTS, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND,
			"no object was given: the record proves nothing of itself");
		verdict_need(&run->report->verdict, "the data that the record covers");
	}
	check_chain(run, 0);
	rule_kept(run, RULE_OBJECTS, CHECK_PASS, "%s in the first list of ATS 0/0",
		wants->count == 1 ? "the object's hash is" : "all objects' hashes are");
}

void rule_tree_renewal(struct evidence_run *run)
{
	unsigned chains = run->record->chain_count;

	for (unsigned chain = 1; chain < chains; chain++)
		check_chain(run, chain);
	if (chains == 1 || run->wants->count == 0)
		rule_kept(run, RULE_TREE_RENEWAL, CHECK_SKIP, "%s",
			chains == 1 ? "the hash tree was not renewed" : "no object was given");
	else
		rule_kept(run, RULE_TREE_RENEWAL, CHECK_PASS,
			"each of %u later chain%s covers every object and all chains before it",
			chains - 1, chains == 2 ? "" : "s");
}

void rule_group(struct evidence_run *run)
{
	const struct evidence_record *record = run->record;

	if (!run->wants->exact_group) {
		rule_kept(run, RULE_GROUP, CHECK_SKIP,
			"whether the first lists have other objects was not asked");
		return;
	}
	for (unsigned k = 0; k < record->chain_count; k++) {
		unsigned first = record->chains[k].first;
		unsigned extra = run->report->stamps[first].extra_hashes;

		/* What is not at hand in the digest may be one of them. */
		if (run->stamps[first].all_at_hand && extra > 0)
			rule_fail(run, RULE_GROUP, CHECK_FAILED, SUB_HASH_FAILURE,
				"ATS %u/0: RFC 4998 5.3: its first list must have the objects' "
				"hashes and no other: has %u more",
				k, extra);
	}
	rule_kept(run, RULE_GROUP, CHECK_PASS, "no other object is in the first lists");
}
