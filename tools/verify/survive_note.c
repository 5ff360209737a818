/* The code-signing question, asked of one verified time-stamp.  Owns nothing. */
#include <stdlib.h>

#include <openssl/err.h>

#include "crl.h"
#include "embedded.h"
#include "report.h"
#include "text.h"

bool survive_is_asked(const struct verify_options *options)
{
	return options->signed_cert != NULL || options->revoked_at.given;
}

/* Certificates at hand of the issuer: its name, and the key that signed. Borrowed. */
static STACK_OF(X509) * issuers_of(const struct material *material, X509 *certificate)
{
	STACK_OF(X509) *issuers = sk_X509_new_null();
	const struct material_item *item;
	size_t at = 0;

	if (issuers == NULL)
		abort();
	while ((item = material_next_named(material, X509_get_issuer_name(certificate), &at)) !=
		NULL)
		if (X509_verify(certificate, X509_get0_pubkey(item->certificate)) == 1 &&
			sk_X509_push(issuers, item->certificate) <= 0)
			abort();
	ERR_clear_error();
	return issuers;
}

static int64_t this_update(const X509_CRL *crl)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &tm) != 1 ? INT64_MAX : timegm(&tm);
}

/* RFC 5280 3.3: from a CRL made after the certificate's end its entry may have been taken. */
static bool may_tell(X509_CRL *crl, const struct survive_end *end)
{
	return this_update(crl) <= end->not_after || crl_keeps_since(crl) <= end->not_after;
}

/* What the CRLs of the command line say; those of other issuers may be for other certificates. */
static void ask_crls(const struct material *material, X509 *certificate, struct survive_end *end)
{
	STACK_OF(X509) *issuers = issuers_of(material, certificate);
	const struct signer signer = { .embedded = issuers, .certificate = certificate };
	const struct material_item *item;
	bool any = false, about = false;
	size_t at = 0;

	while ((item = material_next(material, MATERIAL_CRL, &at)) != NULL) {
		struct crl_entry entry;

		if (item->from != FROM_CALLER)
			continue;
		any = true;
		if (crl_look(item->crl, &signer, NULL, &entry) != CRL_IS_GOOD)
			continue;
		if (entry.revoked) {
			about = true;
			survive_end_revoked(end, entry.since, entry.reason == REASON_HOLD);
		} else if (may_tell(item->crl, end)) {
			about = true;
			if (end->as_of == INT64_MAX || this_update(item->crl) > end->as_of)
				end->as_of = this_update(item->crl);
		}
	}
	end->unknown = any && !about && end->revoked == INT64_MAX;
	sk_X509_free(issuers);
}

static void set_certificate(json_t *object, X509 *certificate, const struct survive_end *end)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(certificate, EVP_sha256(), sha256, &len) != 1)
		abort();
	text_set(object, "subject", report_json_name(X509_get_subject_name(certificate)));
	text_set(object, "sha256", text_hex((struct bytes){ sha256, len }));
	text_set(object, "notBefore", report_json_time(end->not_before));
	text_set(object, "notAfter", report_json_time(end->not_after));
	text_set(object, "revokedAt", report_json_time(end->revoked));
	text_set(object, "onHold", json_boolean(end->on_hold));
}

/* The signature must be the certificate's at all. */
static bool is_genuine(const struct carried *carried, struct survive_result *result)
{
	if (carried == NULL || (carried->signature->result != SIGNER_INFO_BAD &&
				       carried->signature->result != SIGNER_INFO_OTHER_CONTENT))
		return true;
	*result = (struct survive_result){ .answer = SURVIVE_NO };
	(void)snprintf(result->why, sizeof(result->why), "the signature itself is not good: %.200s",
		carried->signature->why.text);
	return false;
}

static void judge(const struct verify *verify, const struct carried *carried, X509 *certificate,
	const struct survive_end *end, struct survive_result *result)
{
	const struct checked *checked = &verify->checked;
	const struct survive_proof proof = {
		.status = checked->verdict.status,
		.sub = checked->verdict.sub,
		.time = checked->time_proven,
		.accuracy_us = checked->facts.accuracy_us,
	};

	*result = (struct survive_result){ .answer = SURVIVE_UNKNOWN };
	if (certificate == NULL) {
		(void)snprintf(result->why, sizeof(result->why),
			"the certificate of the signature is not in the file");
		return;
	}
	if (!is_genuine(carried, result))
		return;
	if (carried != NULL && carried->stamp == NULL) {
		result->answer = SURVIVE_NO;
		(void)snprintf(result->why, sizeof(result->why), "it has no time-stamp");
		return;
	}
	survive_judge(end, &proof, result);
	if (carried != NULL && carried->signature->result == SIGNER_INFO_UNKNOWN &&
		result->answer == SURVIVE_YES) {
		result->answer = SURVIVE_UNKNOWN;
		(void)snprintf(result->why, sizeof(result->why),
			"the signature itself was not checked: %.200s",
			carried->signature->why.text);
	}
}

static void count(struct carried *carried, const struct survive_result *result,
	const struct checked *checked, struct tally *tally)
{
	int64_t time = checked->proved ? checked->time_proven : INT64_MAX;

	if (carried == NULL) {
		survive_tally_count(&tally->survive, result->answer, time);
		return;
	}
	if (!carried->judged || survive_is_better(result->answer, carried->best.answer))
		carried->best = *result;
	carried->judged = true;
	if (time < carried->time)
		carried->time = time;
}

void survive_note(struct verify *verify, const struct verify_subject *subject, struct tally *tally)
{
	const struct shared *shared = verify->shared;
	struct carried *carried = subject->carried;
	X509 *certificate = shared->signed_cert;
	struct survive_end end = { .revoked = INT64_MAX };
	struct survive_result result;
	json_t *object;

	if (!survive_is_asked(shared->options))
		return;
	if (carried != NULL)
		certificate = carried->signature->signer;
	if (certificate != NULL && !survive_end_of(certificate, &end))
		certificate = NULL;
	object = json_object();
	if (certificate != NULL) {
		if (shared->options->revoked_at.given)
			survive_end_revoked(&end, shared->options->revoked_at.seconds, false);
		ask_crls(verify->material, certificate, &end);
	}
	judge(verify, carried, certificate, &end, &result);
	text_set(object, "answer", json_string(survive_name(result.answer)));
	text_set(object, "why", text_json(bytes_of_text(result.why)));
	text_set(object, "accuracyCrosses",
		verify->checked.facts.accuracy_us < 0 ? json_null() : json_boolean(result.crosses));
	if (certificate != NULL)
		set_certificate(object, certificate, &end);
	text_set(verify->parts, "survival", object);
	count(carried, &result, &verify->checked, tally);
}
