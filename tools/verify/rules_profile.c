/* Rules of EN 319 422 (T-) and CSBR (C-) for the token itself.  Owns nothing. */
#include "lint_rule.h"

#include <openssl/x509v3.h>

#include "tsa/token/check/signature.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum {
	MICROS = 1000000, /* of a second; the accuracy that EN 319 421 asks for at least */
};

/* CSBR 7.1.3.2.1: SHA-1 signatures until 2022-04-30 */
static const int64_t last_sha1 = 1651363199;

static bool check_accuracy_present(const struct lint_subject *s, struct err *found)
{
	return s->file->tst.accuracy != NULL || err_set(found, "there is none");
}

static bool check_ordering(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *ordering = s->file->tst.ordering;

	return ordering == NULL || (ordering->content.len == 1 && ordering->content.at[0] == 0) ||
	       err_set(found, "it is TRUE");
}

/* One Extension of TSTInfo. */
struct extension {
	const struct ber_node *type;
	bool critical;
	struct bytes value; /* OCTET STRING */
};

/* The next one; false at the end, or *malformed. */
static bool next_extension(struct ber_walk *walk, struct extension *extension, bool *malformed)
{
	const struct ber_node *node = ber_next(walk);
	struct ber_walk parts = ber_inside(walk->tree, node);
	const struct ber_node *critical, *value;

	if (node == NULL)
		return false;
	extension->type = ber_take(&parts, DER_OID);
	critical = ber_take_if(&parts, DER_BOOLEAN);
	value = ber_take(&parts, DER_OCTET_STRING);
	*malformed = *malformed || !ber_finished(&parts);
	if (*malformed)
		return false;
	extension->critical =
		critical != NULL && critical->content.len == 1 && critical->content.at[0] != 0;
	extension->value = value->content;
	return true;
}

static bool check_critical(const struct lint_subject *s, struct err *found)
{
	struct ber_walk walk = ber_inside(&s->file->tst.tree, s->file->tst.extensions);
	struct extension extension;
	bool malformed = false;
	char text[OID_TEXT];

	while (next_extension(&walk, &extension, &malformed)) {
		if (!extension.critical)
			continue;
		oid_text(extension.type->content, text);
		return err_set(found, "%.200s is", text);
	}
	return !malformed || err_set(found, "an extension is malformed");
}

static bool check_resolution(const struct lint_subject *s, struct err *found)
{
	const struct tst_part *tst = &s->file->tst;
	int64_t accuracy = lint_accuracy_us(tst);
	int64_t resolution = MICROS;

	for (unsigned i = 0; i < tst->moment.digits && resolution > 1; i++)
		resolution /= 10;
	/* A trailing zero is never written, so a shorter fraction says nothing. */
	if (tst->accuracy == NULL || tst->moment.digits > 0 || resolution <= accuracy)
		return true;
	return err_set(found, "accuracy of %lld us beside whole seconds", (long long)accuracy);
}

static bool check_one_second(const struct lint_subject *s, struct err *found)
{
	int64_t accuracy = lint_accuracy_us(&s->file->tst);

	return s->file->tst.accuracy == NULL || (accuracy > 0 && accuracy <= MICROS) ||
	       err_set(found, "it is %lld us", (long long)accuracy);
}

static bool check_btsp(const struct lint_subject *s, struct err *found)
{
	if (!oid_is(s->file->tst.policy, OID_BTSP))
		return true;
	return s->file->tst.accuracy == NULL ? err_set(found, "there is no accuracy")
					     : check_one_second(s, found);
}

/* True if a QCStatements value (SEQUENCE OF SEQUENCE { OID, ... }) has the statement. */
static bool has_statement(struct bytes value)
{
	struct ber tree;
	struct err ignored = { 0 };
	bool has = false;

	if (ber_parse(value, &tree, &ignored)) {
		struct ber_walk walk = ber_inside(&tree, tree.nodes);

		for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
			has = has || oid_is(token_algorithm(&tree, node), OID_QTST_STATEMENT);
	}
	ber_free(&tree);
	return has;
}

static bool check_qualified(const struct lint_subject *s, struct err *found)
{
	struct ber_walk walk = ber_inside(&s->file->tst.tree, s->file->tst.extensions);
	struct extension extension;
	bool malformed = false;
	unsigned count = 0;

	while (next_extension(&walk, &extension, &malformed)) {
		if (!oid_is(extension.type, OID_QC_STATEMENTS))
			continue;
		if (count++ > 0)
			return err_set(found, "qcStatements is there twice");
		if (extension.critical)
			return err_set(found, "qcStatements is critical");
		if (!has_statement(extension.value))
			return err_set(found, "qcStatements has no esi4-qtstStatement-1");
	}
	return true;
}

static int signer_digest(const struct lint_subject *s)
{
	const EVP_MD *md = signature_digest(s->file);

	return md == NULL ? NID_undef : EVP_MD_get_type(md);
}

static bool check_imprint_sha1(const struct lint_subject *s, struct err *found)
{
	return !oid_is(s->file->tst.digest, OID_SHA1) || err_set(found, "it is SHA-1");
}

static bool check_same_digest(const struct lint_subject *s, struct err *found)
{
	int token = signer_digest(s), certificate = NID_undef;

	(void)X509_get_signature_info(s->signer->certificate, &certificate, NULL, NULL, NULL);
	return token == certificate || err_set(found, "token %s, certificate %s", OBJ_nid2sn(token),
					       OBJ_nid2sn(certificate));
}

static bool check_signature_algorithm(const struct lint_subject *s, struct err *found)
{
	int digest = signer_digest(s), unused, key;

	signature_algorithm(s->file, &unused, &key);
	if (key != EVP_PKEY_RSA && key != EVP_PKEY_EC)
		return err_set(found, "it is neither RSA nor ECDSA");
	if (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512)
		return true;
	if (digest == NID_sha1 && s->file->tst.moment.readable &&
		s->file->tst.moment.seconds <= last_sha1)
		return true;
	return err_set(found, "it is with %s",
		digest == NID_undef ? "an unknown digest" : OBJ_nid2sn(digest));
}

static const struct lint_rule rules[] = {
	{ "T-02", IN_ETSI, NEED_TST_INFO, check_accuracy_present,
		"EN 319 422 5.2.2: accuracy is present" },
	{ "T-02", IN_ETSI, NEED_TST_INFO, check_ordering,
		"EN 319 422 5.2.2: ordering is absent or false" },
	{ "T-02", IN_ALL, NEED_TST_INFO, check_critical,
		"EN 319 422 5.2.2: no extension is critical" },
	{ "T-02", IN_ETSI, NEED_TST_INFO, check_resolution,
		"EN 319 422 5.2.2: genTime is as precise as the accuracy that is declared" },
	{ "T-05", IN_ETSI, NEED_TST_INFO, check_qualified,
		"EN 319 422 9.1: qcStatements, where there, is one, not critical, for time-stamps" },
	{ "T-06", IN_ALL, NEED_TST_INFO, check_btsp,
		"EN 319 421 5.2: what claims 0.4.0.2023.1.1 states an accuracy of 1 s or better" },
	{ "T-08", IN_ETSI, NEED_TST_INFO, check_one_second,
		"EN 319 421 TIS-7.7.2-03: the declared accuracy is 1 s or better" },
	{ "C-01", IN_CSBR, NEED_TST_INFO, check_imprint_sha1,
		"CSBR 6.8: the imprint is not of SHA-1" },
	{ "C-05", IN_CSBR, NEED_CERTIFICATE, check_same_digest,
		"CSBR 6.8: the token is signed with the digest that signs the certificate" },
	{ "C-07", IN_CSBR, NEED_SIGNER_INFO, check_signature_algorithm,
		"CSBR 7.1.3.2.1: the signature is RSA or ECDSA with SHA-256, SHA-384 or SHA-512" },
};

struct lint_rules rules_profile(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
