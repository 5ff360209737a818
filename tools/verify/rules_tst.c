/* Rules for the fields of TSTInfo, and against the request.  Owns nothing. */
#include "lint_rule.h"

#include <openssl/evp.h>

#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum {
	MAX_SERIAL_BITS = 160, /* RFC 3161 2.4.2 */
	MAX_PARTS = 999, /* of millis and micros */
	STRONG_BYTES = 28, /* SHA-224 and above; SHA-1 has 20 */
};

static const EVP_MD *imprint_digest(const struct lint_subject *s)
{
	int nid = oid_nid(s->file->tst.digest);

	return nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
}

static bool check_length(const struct lint_subject *s, struct err *found)
{
	const EVP_MD *md = imprint_digest(s);
	size_t len = s->file->tst.hashed->content.len;

	if (md == NULL || len == (size_t)EVP_MD_get_size(md))
		return true;
	return err_set(found, "%zu bytes, %s needs %d", len, OBJ_nid2sn(EVP_MD_get_type(md)),
		EVP_MD_get_size(md));
}

static bool check_algorithm(const struct lint_subject *s, struct err *found)
{
	const EVP_MD *md = imprint_digest(s);
	char text[OID_TEXT];

	oid_text(s->file->tst.digest->content, text);
	if (md == NULL)
		return err_set(found, "%.200s is unknown", text);
	return EVP_MD_get_size(md) >= STRONG_BYTES ||
	       err_set(found, "%s is weak", OBJ_nid2sn(EVP_MD_get_type(md)));
}

static bool check_params(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *params = s->file->tst.digest_params;

	return params == NULL || (params->tag == DER_NULL && params->content.len == 0) ||
	       err_set(found, "they are something else");
}

static bool check_serial(const struct lint_subject *s, struct err *found)
{
	struct bytes serial = s->file->tst.serial->content;
	size_t bits = 8 * serial.len;

	/* Without a sign octet, and without the top bits that are not set. */
	for (size_t i = 0; i < 8 * serial.len && (serial.at[i / 8] & 0x80U >> i % 8) == 0; i++)
		bits--;
	return bits <= MAX_SERIAL_BITS || err_set(found, "%zu bits", bits);
}

static bool check_gen_time(const struct lint_subject *s, struct err *found)
{
	return s->file->tst.moment.flaw == NULL || err_set(found, "%s", s->file->tst.moment.flaw);
}

static bool part_is(const struct ber_node *part, int64_t least, int64_t most, int64_t *value)
{
	*value = 0;
	return part == NULL ||
	       (ber_number(part->content, value) && *value >= least && *value <= most);
}

int64_t lint_accuracy_us(const struct tst_part *tst)
{
	int64_t seconds, millis, micros;

	if (!part_is(tst->accuracy_seconds, 0, INT32_MAX, &seconds) ||
		!part_is(tst->accuracy_millis, 0, MAX_PARTS, &millis) ||
		!part_is(tst->accuracy_micros, 0, MAX_PARTS, &micros))
		return 0;
	return seconds * 1000000 + millis * 1000 + micros;
}

static bool check_accuracy(const struct lint_subject *s, struct err *found)
{
	const struct tst_part *tst = &s->file->tst;
	int64_t value;

	if (!part_is(tst->accuracy_seconds, 0, INT64_MAX, &value))
		return err_set(found, "seconds is negative or does not fit");
	if (!part_is(tst->accuracy_millis, 1, MAX_PARTS, &value))
		return err_set(found, "millis is %lld", (long long)value);
	if (!part_is(tst->accuracy_micros, 1, MAX_PARTS, &value))
		return err_set(found, "micros is %lld", (long long)value);
	return true;
}

static bool is_true(const struct ber_node *boolean)
{
	return boolean != NULL && boolean->content.len == 1 && boolean->content.at[0] != 0;
}

static bool check_default(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *ordering = s->file->tst.ordering;

	return ordering == NULL || is_true(ordering) || err_set(found, "it is encoded");
}

static bool check_ordering(const struct lint_subject *s, struct err *found)
{
	return !is_true(s->file->tst.ordering) || s->file->tst.moment.digits > 0 ||
	       err_set(found, "it is TRUE beside a genTime of whole seconds");
}

static bool check_policy(const struct lint_subject *s, struct err *found)
{
	char text[OID_TEXT];

	if (s->query->policy.len == 0 ||
		bytes_equal(s->query->policy, s->file->tst.policy->content))
		return true;
	oid_text(s->file->tst.policy->content, text);
	return err_set(found, "it is %.200s", text);
}

static bool check_nonce(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *nonce = s->file->tst.nonce;

	if (nonce == NULL)
		return s->query->nonce.len == 0 || err_set(found, "it is absent");
	if (s->query->nonce.len == 0)
		return err_set(found, "there is one, and none was sent");
	return bytes_equal(s->query->nonce, nonce->content) || err_set(found, "it is another");
}

static bool check_imprint(const struct lint_subject *s, struct err *found)
{
	const struct tst_part *tst = &s->file->tst;

	if (bytes_equal(s->query_imprint, tst->imprint->whole))
		return true;
	if (bytes_equal(s->query->imprint, tst->hashed->content) &&
		bytes_equal(s->query->digest_oid, tst->digest->content))
		return err_set(found, "digest and hash are, the parameters or the encoding not");
	return err_set(found, "it is another");
}

static bool check_certificates(const struct lint_subject *s, struct err *found)
{
	if (s->query->cert_req)
		return s->signer->is_embedded ||
		       err_set(found, "certReq is TRUE and the signer's is not there");
	return s->file->cms.certificates == NULL ||
	       err_set(found, "certReq is FALSE and the field is there");
}

static const struct lint_rule rules[] = {
	{ "P-03", IN_ALL, NEED_TST_INFO, check_length,
		"RFC 3161 2.4.1: hashedMessage is as long as its digest's values" },
	{ "P-07", IN_ALL, NEED_TST_INFO, check_algorithm,
		"RFC 3161 2.4.1: the imprint's digest is known and not weak" },
	{ "P-07", IN_ALL, NEED_TST_INFO, check_params,
		"RFC 5754 2: parameters of the imprint's digest are NULL or absent" },
	{ "P-17", IN_ALL, NEED_TST_INFO, check_serial,
		"RFC 3161 2.4.2: serialNumber has at most 160 bits" },
	{ "P-18", IN_ALL, NEED_TST_INFO, check_gen_time,
		"RFC 3161 2.4.2: genTime is YYYYMMDDhhmmss[.s...]Z without a zero at the end" },
	{ "P-19", IN_ALL, NEED_TST_INFO, check_accuracy,
		"RFC 3161 2.4.2: accuracy has millis and micros of 1 to 999 or none" },
	{ "P-20", IN_ALL, NEED_TST_INFO, check_default,
		"X.690 11.5: ordering FALSE is the default and not encoded" },
	{ "P-20", IN_ALL, NEED_TST_INFO, check_ordering,
		"RFC 3161 2.4.2: ordering is TRUE only if genTime always orders tokens" },
	{ "P-08", IN_ALL, NEED_QUERY, check_policy, "RFC 3161 2.4.2: policy is the one asked for" },
	{ "P-09", IN_ALL, NEED_QUERY, check_nonce, "RFC 3161 2.4.2: nonce is that of the request" },
	{ "P-10", IN_ALL, NEED_QUERY, check_certificates,
		"RFC 3161 2.4.1: certificates are there as certReq asks for" },
	{ "P-16", IN_ALL, NEED_QUERY, check_imprint,
		"RFC 3161 2.4.2: messageImprint is that of the request" },
};

struct lint_rules rules_tst(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
