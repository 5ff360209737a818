/* Form, roots and renewals of time-stamps (RFC 4998 3, 4, 5). Owns nothing beyond a call. */
#include "rules.h"

#include <string.h>

#include <openssl/objects.h>

#include "tsa/token/read/oid.h"

static bool is_declared(const struct evidence_record *record, int nid)
{
	for (unsigned i = 0; i < record->digest_count; i++)
		if (record->digests[i] == nid)
			return true;
	return false;
}

static int stamp_digest(const struct archive_stamp *stamp)
{
	return stamp->digest != NULL ? oid_nid(stamp->digest) : stamp->token.digest;
}

/* The digest of an archive time-stamp, if it is one that its tree can be of; else NULL. */
static const EVP_MD *check_digest(struct evidence_run *run, const struct archive_stamp *stamp)
{
	const struct archive_chain *chain = &run->record->chains[stamp->chain];
	int of_chain = stamp_digest(&run->record->stamps[chain->first]);
	int nid = stamp_digest(stamp);
	const EVP_MD *digest = hash_algorithm(nid);

	if (stamp->digest != NULL && nid != stamp->token.digest) {
		rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_HASH_FAILURE,
			"ATS %u/%u: RFC 4998 4.1: digestAlgorithm must be that of its token's "
			"imprint: is %s, not %s",
			stamp->chain, stamp->stamp, rule_digest_name(nid),
			rule_digest_name(stamp->token.digest));
		return NULL;
	}
	if (digest == NULL) {
		rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_FORMAT_FAILURE,
			"ATS %u/%u: its digest must be a known one: is %s", stamp->chain,
			stamp->stamp, rule_digest_name(nid));
		return NULL;
	}
	if (nid != of_chain) {
		rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_HASH_FAILURE,
			"ATS %u/%u: RFC 4998 5.1: all of a chain must have one digest: has %s, the "
			"first has %s",
			stamp->chain, stamp->stamp, rule_digest_name(nid),
			rule_digest_name(of_chain));
		return NULL;
	}
	return digest;
}

static void check_form(struct evidence_run *run, unsigned i)
{
	const struct archive_stamp *stamp = &run->record->stamps[i];
	const EVP_MD *digest;

	if (stamp->token.broken != NULL) {
		rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_FORMAT_FAILURE,
			"ATS %u/%u: its timeStamp is no time-stamp token: %s", stamp->chain,
			stamp->stamp, stamp->token.broken);
		return;
	}
	digest = check_digest(run, stamp);
	if (digest == NULL)
		return;
	/* Hashes of any length could be cut another way, and come to the same root. */
	if (!hash_tree_fits(run->record, stamp, digest) ||
		stamp->token.imprint_len != (size_t)EVP_MD_get_size(digest)) {
		rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_FORMAT_FAILURE,
			"ATS %u/%u: each hash of its tree and the imprint must have the %d octets "
			"of %s: has not",
			stamp->chain, stamp->stamp, EVP_MD_get_size(digest),
			rule_digest_name(stamp->token.digest));
		return;
	}
	run->stamps[i].digest = digest;
	hash_list_first(run->record, stamp, &run->stamps[i].first);
}

/* Judged last: what else is wrong with a form says more. */
static void check_declared(struct evidence_run *run)
{
	for (unsigned i = 0; i < run->record->stamp_count; i++) {
		const struct archive_stamp *stamp = &run->record->stamps[i];
		int nid = stamp->token.digest;

		if (run->stamps[i].digest != NULL && !is_declared(run->record, nid))
			rule_fail(run, RULE_FORM, CHECK_FAILED, SUB_FORMAT_FAILURE,
				"ATS %u/%u: RFC 4998 3.1: digestAlgorithms must have each digest "
				"that is used: lacks %s",
				stamp->chain, stamp->stamp, rule_digest_name(nid));
	}
}

void rule_form(struct evidence_run *run)
{
	const struct evidence_record *record = run->record;

	if (record->encrypted) {
		rule_fail(run, RULE_FORM, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND,
			"encryptionInfo is there: evidence over encrypted data (RFC 4998 6) is not "
			"supported");
		verdict_need(&run->report->verdict,
			"an Evidence Record over the data as they are, without encryptionInfo");
	}
	for (unsigned i = 0; i < record->stamp_count; i++)
		check_form(run, i);
	check_declared(run);
	rule_kept(run, RULE_FORM, CHECK_PASS,
		"version 1, %u archive time-stamp%s in %u chain%s, one declared digest for each chain",
		record->stamp_count, record->stamp_count == 1 ? "" : "s", record->chain_count,
		record->chain_count == 1 ? "" : "s");
}

static bool root_is(const struct evidence_run *run, unsigned i, bool rehash, struct hash *root)
{
	const struct archive_stamp *stamp = &run->record->stamps[i];

	if (stamp->tree == NULL)
		memcpy(root->at, stamp->token.imprint, stamp->token.imprint_len);
	else
		hash_tree_root(run->record, stamp, run->stamps[i].digest, rehash, root);
	return memcmp(root->at, stamp->token.imprint, stamp->token.imprint_len) == 0;
}

void rule_root(struct evidence_run *run)
{
	bool rehash = run->wants->rehash_single;

	for (unsigned i = 0; i < run->record->stamp_count; i++) {
		const struct archive_stamp *stamp = &run->record->stamps[i];
		const char *variant = "";
		struct hash other;

		if (run->stamps[i].digest == NULL)
			continue;
		if (root_is(run, i, rehash, &run->stamps[i].root)) {
			run->report->stamps[i].tree_holds = true;
			continue;
		}
		if (run->stamps[i].first.count == 1 && root_is(run, i, !rehash, &other))
			variant = rehash ? "; it fits when a lone first value is carried as it is"
					 : "; it fits when a lone first value is hashed again "
					   "(RFC 4998 4.3 step 3 to the letter)";
		rule_fail(run, RULE_ROOT, CHECK_FAILED, SUB_HASH_FAILURE,
			"ATS %u/%u: RFC 4998 4.3: the root of its hash tree must be its token's "
			"imprint: is not%s",
			stamp->chain, stamp->stamp, variant);
	}
	rule_kept(run, RULE_ROOT, CHECK_PASS,
		"the root of each hash tree is its token's imprint; %u hashes",
		run->record->hash_count);
}

static void check_stamp_renewal(struct evidence_run *run, unsigned i)
{
	const struct archive_stamp *stamp = &run->record->stamps[i];
	const struct archive_stamp *before = stamp - 1;
	const struct stamp_state *state = &run->stamps[i];
	struct bytes none = { 0 };
	struct hash hash;

	if (state->digest == NULL)
		return;
	run->report->stamps[i].extra_hashes = (unsigned)state->first.count - 1;
	hash_of(state->digest, before->time_stamp->whole, none, none, &hash);
	if (hash_list_has(&state->first, hash_view(state->digest, &hash)))
		return;
	hash_of(state->digest, before->whole->whole, none, none, &hash);
	rule_fail(run, RULE_STAMP_RENEWAL, CHECK_FAILED, SUB_HASH_FAILURE,
		"ATS %u/%u: RFC 4998 5.2: its first list must have the hash of the timeStamp field "
		"of ATS %u/%u: has not%s",
		stamp->chain, stamp->stamp, before->chain, before->stamp,
		hash_list_has(&state->first, hash_view(state->digest, &hash))
			? "; not conformant: it has that of the whole ArchiveTimeStamp"
			: "");
}

void rule_stamp_renewal(struct evidence_run *run)
{
	const struct evidence_record *record = run->record;
	unsigned renewals = record->stamp_count - record->chain_count;

	for (unsigned i = 0; i < record->stamp_count; i++)
		if (record->stamps[i].stamp > 0)
			check_stamp_renewal(run, i);
	if (renewals == 0)
		rule_kept(run, RULE_STAMP_RENEWAL, CHECK_SKIP, "no time-stamp was renewed");
	else
		rule_kept(run, RULE_STAMP_RENEWAL, CHECK_PASS,
			"%u renewal%s of a time-stamp cover%s the timeStamp field before", renewals,
			renewals == 1 ? "" : "s", renewals == 1 ? "s" : "");
}
