/* Owns the tree of the SignerInfo while it is checked. */
#include "countersignature.h"

#include <openssl/evp.h>

#include "signer_info.h"
#include "token_part.h"
#include "tsa/token/read/oid.h"

/* One countersignature on its way down the checks. */
struct run {
	struct ber tree;
	struct signer_part part;
	struct bytes covered;
	const struct check_policy *policy;
	struct material *material;
	struct token_facts *facts;
	struct verdict *verdict;
};

static bool check_form(struct run *run, struct bytes octets)
{
	struct err err = { 0 };

	if (!ber_parse(octets, &run->tree, &err))
		return verdict_fail(run->verdict, "CS-01", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 11.4: a countersignature is a SignerInfo: %s", err.text);
	if (run->tree.rest.len > 0 || !signer_info_read(&run->tree, run->tree.nodes, &run->part))
		return verdict_fail(run->verdict, "CS-01", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 11.4: a countersignature is a SignerInfo: it is none");
	verdict_line(run->verdict, "CS-01", CHECK_WARN,
		"it is a PKCS #9 countersignature and no RFC 3161 token: the time is signingTime, "
		"without policy, serial number and accuracy");
	return true;
}

/* RFC 5652 11.3: one signed attribute with one value. */
static bool check_time(struct run *run)
{
	const struct ber_node *value =
		token_attribute_value(&run->tree, run->part.signed_attrs, OID_SIGNING_TIME);
	struct moment *moment = &run->facts->file.tst.moment;

	if (value != NULL)
		*moment = moment_of_signing_time(value->tag, value->content);
	if (value == NULL || !moment->readable)
		return verdict_fail(run->verdict, "CS-02", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 11.3: there is one signingTime among its signed attributes: %s",
			value == NULL ? "there is not" : "it cannot be read");
	run->facts->gen_time = moment->seconds;
	verdict_line(run->verdict, "CS-02", moment->flaw == NULL ? CHECK_PASS : CHECK_WARN,
		"signingTime is signed%s%s", moment->flaw == NULL ? "" : "; RFC 5652 11.3: ",
		moment->flaw == NULL ? "" : moment->flaw);
	return true;
}

/*
 * The certificate that its sid names and whose key fits; if none fits, one that the sid names, with
 * the result of that.
 */
static enum signer_info_result find_signer(struct run *run, struct err *why)
{
	enum signer_info_result result = SIGNER_INFO_UNKNOWN;
	const struct material_item *item;
	size_t at = 0;

	while ((item = material_next(run->material, MATERIAL_CERTIFICATE, &at)) != NULL) {
		struct err found = { 0 };

		if (!signer_info_names(&run->tree, &run->part, item->certificate))
			continue;
		result = signer_info_verify(
			&run->tree, &run->part, item->certificate, run->covered, &found);
		run->facts->signer = item;
		*why = found;
		if (result == SIGNER_INFO_GOOD)
			break;
	}
	run->facts->signer_is_embedded =
		run->facts->signer != NULL && run->facts->signer->from == FROM_TOKEN;
	return result;
}

static bool check_signature(struct run *run)
{
	struct err why = { 0 };
	enum signer_info_result result = find_signer(run, &why);

	if (run->facts->signer == NULL) {
		verdict_need(run->verdict, "the certificate that signed the countersignature");
		return verdict_fail(run->verdict, "CS-03", CHECK_INDETERMINATE,
			SUB_NO_SIGNING_CERTIFICATE_FOUND,
			"RFC 5652 5.3: the certificate that its sid names is at hand: it is not");
	}
	verdict_line(run->verdict, "CS-03", CHECK_PASS, "its sid names a certificate at hand");
	if (result == SIGNER_INFO_OTHER_CONTENT)
		return verdict_fail(run->verdict, "CS-04", CHECK_FAILED, SUB_HASH_FAILURE,
			"RFC 5652 11.4: it is over the signature's octets: %s", why.text);
	if (result != SIGNER_INFO_GOOD)
		return verdict_fail(run->verdict, "CS-05", CHECK_FAILED, SUB_SIG_CRYPTO_FAILURE,
			"RFC 5652 5.4: the signature over its signed attributes: %s", why.text);
	verdict_line(run->verdict, "CS-04", CHECK_PASS, "it is over the signature's octets");
	verdict_line(run->verdict, "CS-05", CHECK_PASS,
		"the signature over its signed attributes is by that certificate's key");
	run->facts->data = TOKEN_DATA_MATCHED;
	run->facts->imprint_digest = signer_info_digest(&run->tree, &run->part);
	run->facts->signature_digest = run->facts->imprint_digest;
	run->facts->signature_scheme = signer_info_scheme(&run->tree, &run->part);
	return true;
}

/* Rows 10 and 11 of longterm.md 1.1. */
static void check_usage(struct run *run)
{
	struct token_run rows = { .wants = &run->policy->wants,
		.material = run->material,
		.facts = run->facts,
		.verdict = run->verdict };

	token_rows_usage(&rows);
}

void countersignature_check(struct bytes signer_info, struct bytes covered,
	const struct check_policy *policy, struct material *material, struct checked *checked)
{
	struct run run = { .covered = covered,
		.policy = policy,
		.material = material,
		.facts = &checked->facts,
		.verdict = &checked->verdict };

	checked_start(policy, checked);
	if (EVP_Digest(signer_info.at, signer_info.len, checked->facts.sha256, NULL, EVP_sha256(),
		    NULL) == 1 &&
		check_form(&run, signer_info) && check_time(&run) && check_signature(&run)) {
		check_usage(&run);
		if (checked->verdict.status == CHECK_PASSED)
			check_moment(policy, material, checked);
	}
	ber_free(&run.tree);
}
