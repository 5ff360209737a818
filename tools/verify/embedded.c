/* Owns the carrier while its time-stamps are verified. */
#include "embedded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "report.h"
#include "text.h"
#include "tsa/token/check/countersignature.h"

/* "FILE", or "FILE (certificate 1, time-stamp 2)". The caller frees. */
static char *name_of(const char *path, const char *place, unsigned number)
{
	size_t room = strlen(path) + strlen(place) + 48;
	char *name = must_calloc(room, 1);
	const char *between = place[0] != '\0' && number > 0 ? ", " : "";

	if (place[0] == '\0' && number == 0)
		(void)snprintf(name, room, "%s", path);
	else if (number == 0)
		(void)snprintf(name, room, "%s (%s)", path, place);
	else
		(void)snprintf(name, room, "%s (%s%stime-stamp %u)", path, place, between, number);
	return name;
}

/* ---- for verify_token() ---- */

bool embedded_check(struct verify *verify, const struct verify_subject *subject,
	const struct check_policy *policy)
{
	const struct carrier_stamp *stamp = subject->carried->stamp;

	if (stamp == NULL || stamp->kind != CARRIER_COUNTERSIGNATURE)
		return false;
	countersignature_check(stamp->octets, subject->carried->signature->value, policy,
		verify->material, &verify->checked);
	return true;
}

static const char *result_name(enum signer_info_result result)
{
	static const char *const names[] = {
		[SIGNER_INFO_GOOD] = "good",
		[SIGNER_INFO_GOOD_ATTRIBUTES] = "good, content not at hand",
		[SIGNER_INFO_OTHER_CONTENT] = "bad",
		[SIGNER_INFO_BAD] = "bad",
		[SIGNER_INFO_UNKNOWN] = "unknown",
	};

	return names[result];
}

/* What the time-stamp is over is good in itself, or not: V-SIG. It proves a time either way. */
static void say_signature(const struct carrier_signature *signature, struct verdict *verdict)
{
	switch (signature->result) {
	case SIGNER_INFO_GOOD:
		verdict_line(verdict, "V-SIG", CHECK_PASS,
			"the signature in the file is by its signer's certificate");
		break;
	case SIGNER_INFO_GOOD_ATTRIBUTES:
		verdict_line(verdict, "V-SIG", CHECK_PASS,
			"the signature in the file is by its signer's certificate; what it signs "
			"is not in the file and was not compared");
		break;
	case SIGNER_INFO_UNKNOWN:
		verdict_line(verdict, "V-SIG", CHECK_SKIP,
			"the signature in the file was not checked: %s", signature->why.text);
		break;
	case SIGNER_INFO_OTHER_CONTENT:
	case SIGNER_INFO_BAD:
		verdict_line(verdict, "V-SIG", CHECK_WARN,
			"the signature in the file is not good: %s", signature->why.text);
		break;
	}
}

/* A countersignature is no token: what stands in the report instead. */
static json_t *countersignature_json(const struct token_facts *facts)
{
	json_t *object = json_object();

	text_set(object, "form", json_string("countersignature"));
	text_set(object, "sha256", text_hex((struct bytes){ facts->sha256, MATERIAL_HASH }));
	text_set(object, "genTime",
		facts->file.tst.moment.readable ? report_json_time(facts->gen_time) : json_null());
	text_set(object, "accuracy", json_null());
	return object;
}

void embedded_note(struct verify *verify, const struct verify_subject *subject)
{
	const struct carrier_signature *signature = subject->carried->signature;
	const struct carrier_stamp *stamp = subject->carried->stamp;
	json_t *object = json_object();

	say_signature(signature, &verify->checked.verdict);
	text_set(object, "place", text_json(bytes_of_text(signature->place)));
	text_set(object, "timeStamp",
		stamp == NULL ? json_null() : json_string(carrier_stamp_name(stamp->kind)));
	text_set(object, "value", json_string(result_name(signature->result)));
	text_set(object, "why",
		signature->why.text[0] == '\0' ? json_null()
					       : text_json(bytes_of_text(signature->why.text)));
	text_set(object, "signer",
		signature->signer == NULL
			? json_null()
			: report_json_name(X509_get_subject_name(signature->signer)));
	/* Of a program's sections, of a JAR's entries. */
	text_set(object, "contentDigests", json_string("not compared"));
	text_set(verify->parts, "signature", object);
	if (stamp != NULL && stamp->kind == CARRIER_COUNTERSIGNATURE)
		text_set(verify->parts, "token", countersignature_json(&verify->checked.facts));
}

/* ---- the file ---- */

/* Untrusted certificates, CRLs and OCSP responses; what cannot be read is left out. */
static void add_beside(struct verify *verify, const struct carrier *carrier, unsigned document)
{
	static const enum material_kind kinds[] = {
		[CARRIER_CERTIFICATE] = MATERIAL_CERTIFICATE,
		[CARRIER_CRL] = MATERIAL_CRL,
		[CARRIER_OCSP] = MATERIAL_OCSP,
	};
	enum carrier_beside what;
	struct bytes der;
	size_t at = 0;

	while (carrier_beside(carrier, document, &at, &what, &der)) {
		struct err ignored = { 0 };

		(void)!material_add(verify->material, kinds[what], FROM_TOKEN, der, "signature",
			NULL, &ignored);
	}
}

static void verify_stamp(struct verify *verify, const struct carrier *carrier, const char *path,
	struct carried *carried, struct tally *tally, FILE *out)
{
	/* token_digest_of takes no const argument, and changes nothing. */
	union {
		const struct carrier_signature *given;
		void *taken;
	} signature = { carried->signature };
	char *name = name_of(path, carried->signature->place, carried->stamp->number);
	const struct verify_subject subject = {
		.name = name,
		.octets = carried->stamp->octets,
		.data = carrier_digest,
		.data_arg = signature.taken,
		.carried = carried,
	};

	add_beside(verify, carrier, carried->signature->document);
	verify_token(verify, &subject, tally, out);
	free(name);
}

static void verify_unstamped(struct verify *verify, const char *path, struct carried *carried,
	struct tally *tally, FILE *out)
{
	char *name = name_of(path, carried->signature->place, 0);
	const struct verify_subject subject = { .name = name, .carried = carried };

	verify_without(verify, &subject, CHECK_INDETERMINATE, SUB_NO_POE,
		"the signature has no time-stamp", tally, out);
	free(name);
}

static bool is_another_signers(const struct shared *shared, const struct carrier_signature *s)
{
	return shared->signed_cert != NULL && s->signer != NULL &&
	       X509_cmp(shared->signed_cert, s->signer) != 0;
}

static void verify_signature(struct verify *verify, const struct carrier *carrier, unsigned index,
	const char *path, struct tally *tally, FILE *out)
{
	struct carried carried = { .signature = carrier_signature(carrier, index),
		.time = INT64_MAX };
	bool asked = survive_is_asked(verify->shared->options);
	unsigned stamps = 0;

	if (is_another_signers(verify->shared, carried.signature)) {
		survive_tally_other(&tally->survive);
		return;
	}
	for (unsigned i = 0; i < carrier_stamp_count(carrier); i++) {
		carried.stamp = carrier_stamp(carrier, i);
		if (carried.stamp->signature != index)
			continue;
		stamps++;
		verify_stamp(verify, carrier, path, &carried, tally, out);
	}
	carried.stamp = NULL;
	if (stamps == 0)
		verify_unstamped(verify, path, &carried, tally, out);
	if (asked && stamps == 0)
		survive_tally_unstamped(&tally->survive);
	else if (asked)
		survive_tally_count(&tally->survive, carried.best.answer, carried.time);
}

/* It is no carrier: there is a report, as of a file that is no token. */
static void say_format(
	struct verify *verify, const char *path, const char *text, struct tally *tally, FILE *out)
{
	const struct verify_subject subject = { .name = path };

	verify_without(verify, &subject, CHECK_FAILED, SUB_FORMAT_FAILURE, text, tally, out);
	if (survive_is_asked(verify->shared->options))
		survive_tally_count(&tally->survive, SURVIVE_UNKNOWN, INT64_MAX);
}

static bool open_source(
	const char *path, struct buf *content, struct carrier_source *source, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return carrier_source_open(path, source, err);
	if (!input_read(path, CARRIER_MAX_CMS, content, err))
		return false;
	*source = carrier_source_of(buf_view(content));
	return true;
}

void embedded_verify_file(struct verify *verify, const char *path, struct tally *tally, FILE *out)
{
	struct carrier_source source = { .fd = -1 };
	struct carrier *carrier = NULL;
	struct buf content = { 0 };
	struct err err = { 0 };

	if (!open_source(path, &content, &source, &err)) {
		verify_complain(path, &err, tally);
		goto out;
	}
	carrier = carrier_open(&source, &err);
	if (carrier == NULL)
		say_format(verify, path, err.text, tally, out);
	else if (carrier_signature_count(carrier) == 0)
		say_format(verify, path, "there is no signature in it", tally, out);
	for (unsigned i = 0; carrier != NULL && i < carrier_signature_count(carrier); i++)
		verify_signature(verify, carrier, i, path, tally, out);
out:
	carrier_free(carrier);
	carrier_source_close(&source);
	buf_free(&content);
}
