/* Rows 13 to 15 of longterm.md 1.1: TSTInfo, genTime, and the data.  Owns nothing. */
#include <openssl/evp.h>

#include "named.h"
#include "token_part.h"
#include "tsa/core/hex.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum { VERSION = 1, MAX_PARTS = 999, SHOWN_OCTETS = 64 };

static bool fail_format(struct token_run *run, const char *rule, const char *found)
{
	return verdict_fail(
		run->verdict, "V-13", CHECK_FAILED, SUB_FORMAT_FAILURE, "%s: %s", rule, found);
}

static bool fail_constraint(struct token_run *run, const char *rule, const char *found)
{
	return verdict_fail(run->verdict, "V-13", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
		"%s: %s", rule, found);
}

/* DER, in one piece, nothing behind it. */
static bool check_form(struct token_run *run)
{
	const struct tst_part *tst = &run->facts->file.tst;
	struct ber_flaws flaws = { 0 };
	int64_t version;

	if (!tst->decoded)
		return fail_format(run, "RFC 3161 2.4.2: eContent is a TSTInfo", tst->broken.text);
	if (tst->tree.rest.len > 0)
		return verdict_fail(run->verdict, "V-13", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: nothing follows TSTInfo: %zu octets do",
			tst->tree.rest.len);
	ber_strict(&tst->tree, 0, (uint32_t)tst->tree.count, &flaws);
	if (flaws.count > 0)
		return fail_format(run, "RFC 3161 2.4.2: TSTInfo is DER", flaws.first);
	return (ber_number(tst->version->content, &version) && version == VERSION) ||
	       fail_format(run, "RFC 3161 2.4.2: TSTInfo's version is 1", "it is another");
}

static bool check_imprint(struct token_run *run)
{
	const struct tst_part *tst = &run->facts->file.tst;
	int nid = oid_nid(tst->digest);
	const EVP_MD *md = nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
	char oid[OID_TEXT];

	if (md == NULL) {
		oid_text(tst->digest->content, oid);
		return verdict_fail(run->verdict, "V-13", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.1: the imprint's digest is known: %.200s is not", oid);
	}
	run->facts->imprint_digest = nid;
	if (tst->hashed->content.len == (size_t)EVP_MD_get_size(md))
		return true;
	return verdict_fail(run->verdict, "V-13", CHECK_FAILED, SUB_FORMAT_FAILURE,
		"RFC 3161 2.4.1: hashedMessage is as long as its digest's values: %zu octets, %s "
		"needs %d",
		tst->hashed->content.len, OBJ_nid2sn(nid), EVP_MD_get_size(md));
}

static bool part_is(const struct ber_node *part, int64_t most, int64_t *value)
{
	*value = 0;
	return part == NULL || (ber_number(part->content, value) && *value >= 0 && *value <= most);
}

/* Out of its range it says nothing: unknown, which is a word and no fault of the time. */
static void read_accuracy(struct token_run *run)
{
	const struct tst_part *tst = &run->facts->file.tst;
	int64_t seconds, millis, micros;

	if (tst->accuracy == NULL)
		return;
	if (part_is(tst->accuracy_seconds, INT32_MAX, &seconds) &&
		part_is(tst->accuracy_millis, MAX_PARTS, &millis) &&
		part_is(tst->accuracy_micros, MAX_PARTS, &micros))
		run->facts->accuracy_us = seconds * 1000000 + millis * 1000 + micros;
	else
		verdict_line(run->verdict, "V-13", CHECK_WARN,
			"RFC 3161 2.4.2: accuracy has millis and micros below 1000: it has other "
			"values, and counts as unknown");
}

/* An extension of a TSTInfo that is known: EN 319 422 5.2.3's. */
static bool is_known(const struct ber_node *type)
{
	return oid_is(type, OID_QC_STATEMENTS);
}

static bool check_extensions(struct token_run *run)
{
	const struct ber *tree = &run->facts->file.tst.tree;
	struct ber_walk walk;

	if (run->facts->file.tst.extensions == NULL)
		return true;
	walk = ber_inside(tree, run->facts->file.tst.extensions);
	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		struct ber_walk fields = ber_inside(tree, node);
		const struct ber_node *type = ber_take(&fields, DER_OID);
		const struct ber_node *critical = ber_take_if(&fields, DER_BOOLEAN);

		(void)ber_take(&fields, DER_OCTET_STRING);
		if (!ber_finished(&fields))
			return fail_format(run, "RFC 3161 2.4.2: extensions are Extensions",
				"one is malformed");
		if (critical != NULL && critical->content.at[0] != 0 && !is_known(type))
			return fail_constraint(run,
				"RFC 5280 4.2: every critical extension of TSTInfo is known",
				"one is not");
	}
	return true;
}

static bool check_policy(struct token_run *run)
{
	const struct token_wants *wants = run->wants;
	const struct ber_node *policy = run->facts->file.tst.policy;
	char oid[OID_TEXT];

	if (wants->policies == NULL)
		return true;
	for (unsigned i = 0; i < wants->policy_count; i++)
		if (oid_is(policy, wants->policies[i]))
			return true;
	oid_text(policy->content, oid);
	return verdict_fail(run->verdict, "V-13", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
		"RFC 3161 2.4.2: the policy is one of those accepted: it is %.200s", oid);
}

static bool check_nonce(struct token_run *run)
{
	const struct ber_node *nonce = run->facts->file.tst.nonce;

	if (run->wants->nonce.at == NULL)
		return true;
	if (nonce == NULL)
		return fail_constraint(
			run, "RFC 3161 2.4.2: nonce is that of the request", "it is absent");
	return bytes_equal(nonce->content, run->wants->nonce) ||
	       fail_constraint(
		       run, "RFC 3161 2.4.2: nonce is that of the request", "it is another");
}

static bool check_tsa(struct token_run *run)
{
	const struct token_facts *facts = run->facts;
	struct err found = { 0 };

	if (facts->signer == NULL || named_tsa_is(&facts->file, facts->signer->certificate, &found))
		return true;
	if (named_tsa_is_reversed(&facts->file, facts->signer->certificate)) {
		verdict_line(run->verdict, "V-13", CHECK_WARN,
			"RFC 3161 2.4.2: tsa is a subject name of the signer's certificate: it is "
			"the subject in the reverse order");
		return true;
	}
	return fail_constraint(run,
		"RFC 3161 2.4.2: tsa is a subject name of the signer's certificate", found.text);
}

/* Row 13: all that it has is said. */
static bool check_tst(struct token_run *run)
{
	bool (*const checks[])(struct token_run *) = { check_imprint, check_extensions,
		check_policy, check_nonce, check_tsa };
	bool ok = true;

	if (!check_form(run))
		return false;
	read_accuracy(run);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		ok = checks[i](run) && ok;
	if (ok)
		verdict_line(run->verdict, "V-13", CHECK_PASS,
			"TSTInfo is DER of version 1 and has nothing that it must not");
	return true;
}

/* Row 14 */
static bool check_gen_time(struct token_run *run)
{
	const struct moment *moment = &run->facts->file.tst.moment;
	char text[MOMENT_TEXT];

	if (moment->readable)
		run->facts->gen_time = moment->seconds;
	if (!moment->readable || moment->flaw != NULL)
		return verdict_fail(run->verdict, "V-14", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: genTime is YYYYMMDDhhmmss[.s...]Z without a zero at the "
			"end: %s",
			moment->flaw == NULL ? "it cannot be read" : moment->flaw);
	moment_text(moment, text);
	verdict_line(run->verdict, "V-14", CHECK_PASS, "genTime is well-formed: %s", text);
	return true;
}

static void said_not_given(struct token_run *run, int nid)
{
	struct bytes hashed = run->facts->file.tst.hashed->content;
	char hex[2 * SHOWN_OCTETS + 1];

	if (hashed.len > SHOWN_OCTETS)
		hashed.len = SHOWN_OCTETS;
	hex_encode(hashed, hex);
	verdict_line(run->verdict, "V-15", CHECK_WARN,
		"the data were not given: the time is proved for whatever has the %s digest %s",
		OBJ_nid2sn(nid), hex);
}

/* Row 15 */
static void check_data(struct token_run *run)
{
	const struct token_wants *wants = run->wants;
	struct token_facts *facts = run->facts;
	uint8_t digest[EVP_MAX_MD_SIZE];
	int nid = facts->imprint_digest;
	unsigned len;

	if (wants->data == NULL) {
		said_not_given(run, nid);
		return;
	}
	len = wants->data(wants->data_arg, EVP_get_digestbynid(nid), digest);
	if (len == 0) {
		(void)verdict_fail(run->verdict, "V-15", CHECK_INDETERMINATE,
			SUB_SIGNED_DATA_NOT_FOUND,
			"RFC 3161 2.4.2: messageImprint is that of the data: they are not at hand "
			"as %s",
			OBJ_nid2sn(nid));
		verdict_need(run->verdict, "the data, or their %s digest", OBJ_nid2sn(nid));
		return;
	}
	if (bytes_equal(facts->file.tst.hashed->content, (struct bytes){ digest, len })) {
		facts->data = TOKEN_DATA_MATCHED;
		verdict_line(run->verdict, "V-15", CHECK_PASS,
			"messageImprint is the %s digest of the data", OBJ_nid2sn(nid));
		return;
	}
	facts->data = TOKEN_DATA_MISMATCH;
	(void)verdict_fail(run->verdict, "V-15", CHECK_FAILED, SUB_HASH_FAILURE,
		"RFC 3161 2.4.2: messageImprint is that of the data: it is another %s digest",
		OBJ_nid2sn(nid));
}

void token_rows_tst(struct token_run *run)
{
	if (!check_tst(run))
		return;
	(void)check_gen_time(run);
	if (run->facts->imprint_digest != NID_undef)
		check_data(run);
}
