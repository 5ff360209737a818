/*
 * TSTInfo of any TSA against our query.  tsa/tsp/tstinfo.c takes those of our own service only;
 * this takes what RFC 3161 allows (ordering, extensions, more digits), as long as it is DER.
 */
#include "answer_part.h"

#include <string.h>
#include <time.h>

#include "tsa/core/hex.h"
#include "tsa/token/build.h"
#include "tsa/tsp/der.h"

enum { WHOLE_SECONDS = 14 /* YYYYMMDDhhmmss */ };

static struct bytes string_of(const ASN1_STRING *s)
{
	return (struct bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

static struct bytes oid_of(const ASN1_OBJECT *object)
{
	return (struct bytes){ OBJ_get0_data(object), OBJ_length(object) };
}

TS_TST_INFO *tstinfo_read(struct bytes content, struct err *err)
{
	const uint8_t *at = content.at;
	TS_TST_INFO *info = d2i_TS_TST_INFO(NULL, &at, (long)content.len);
	unsigned char *again = NULL;
	int len = -1;
	bool ok = false;

	if (info == NULL) {
		err_openssl(err, "token: RFC 3161 2.4.2: must hold a TSTInfo");
		return NULL;
	}
	/* P-13: it is DER; one that is not, or has something after it, encodes differently. */
	len = i2d_TS_TST_INFO(info, &again);
	ok = len > 0 && bytes_equal(content, (struct bytes){ again, (size_t)len });
	OPENSSL_free(again);
	if (ok)
		return info;
	err_set(err, "token: RFC 3161 2.4.2: TSTInfo must be DER and nothing more: is not");
	TS_TST_INFO_free(info);
	return NULL;
}

static bool check_imprint(TS_TST_INFO *info, const struct stamp_query *query, struct err *err)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const ASN1_OBJECT *algorithm = NULL;
	struct bytes asked = { query->imprint, tsp_digest_len(query->digest) };
	int parameters;

	X509_ALGOR_get0(&algorithm, &parameters, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	if (!bytes_equal(oid_of(algorithm), tsp_digest_oid(query->digest)) ||
		(parameters != V_ASN1_NULL && parameters != V_ASN1_UNDEF))
		return err_set(err,
			"token: RFC 3161 2.4.2: messageImprint must be by %s: is by another",
			tsp_digest_name(query->digest));
	if (!bytes_equal(string_of(TS_MSG_IMPRINT_get_msg(imprint)), asked))
		return err_set(err,
			"token: RFC 3161 2.4.2: messageImprint must be that of the request: "
			"is another");
	return true;
}

static bool check_nonce(TS_TST_INFO *info, const struct stamp_query *query, struct err *err)
{
	const ASN1_INTEGER *nonce = TS_TST_INFO_get_nonce(info);

	if (!query->has_nonce)
		return nonce == NULL ||
		       err_set(err, "token: RFC 3161 2.4.2: nonce: none was asked for: has one");
	if (nonce == NULL)
		return err_set(err, "token: RFC 3161 2.4.2: must have the nonce of the request: "
				    "has none");
	if (ASN1_STRING_type(nonce) != V_ASN1_INTEGER ||
		!bytes_equal(string_of(nonce), (struct bytes){ query->nonce, STAMP_NONCE_LEN }))
		return err_set(err, "token: RFC 3161 2.4.2: must have the nonce of the request: "
				    "has another");
	return true;
}

static bool check_policy(TS_TST_INFO *info, const struct stamp_query *query,
	struct stamp_token *token, struct err *err)
{
	struct bytes found = oid_of(TS_TST_INFO_get_policy_id(info));
	char asked[128];

	if (!der_oid_to_text(found, token->policy, sizeof(token->policy)))
		return err_set(err, "token: policy must be an object identifier");
	if (query->policy.len == 0 || bytes_equal(found, query->policy))
		return true;
	if (!der_oid_to_text(query->policy, asked, sizeof(asked)))
		asked[0] = '\0';
	return err_set(err, "token: RFC 3161 2.4.2: policy must be %s as asked: is %s", asked,
		token->policy);
}

static bool check_serial(TS_TST_INFO *info, struct stamp_token *token, struct err *err)
{
	struct bytes serial = string_of(TS_TST_INFO_get_serial(info));

	if (serial.len == 0 || serial.len > STAMP_MAX_SERIAL)
		return err_set(err,
			"token: RFC 3161 2.4.2: serialNumber: up to 160 bits: "
			"has %zu bytes",
			serial.len);
	hex_encode(serial, token->serial);
	for (char *c = token->serial; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	return true;
}

/* P-18: YYYYMMDDhhmmss[.s...]Z, the fraction without trailing zeros. */
static bool has_proper_form(struct bytes text)
{
	size_t end = text.len - 1;

	if (text.len < WHOLE_SECONDS + 1 || text.len > STAMP_MAX_GEN_TIME - 8 ||
		text.at[end] != 'Z')
		return false;
	for (size_t i = 0; i < end; i++) {
		if (i == WHOLE_SECONDS ? text.at[i] != '.' : text.at[i] < '0' || text.at[i] > '9')
			return false;
	}
	return end == WHOLE_SECONDS || (end > WHOLE_SECONDS + 1 && text.at[end - 1] != '0');
}

static bool check_time(
	TS_TST_INFO *info, struct stamp_token *token, int64_t *gen_time, struct err *err)
{
	const ASN1_GENERALIZEDTIME *time = TS_TST_INFO_get_time(info);
	struct bytes text = string_of(time);
	const char *t = (const char *)text.at;
	struct tm tm;

	if (!has_proper_form(text) || ASN1_TIME_to_tm(time, &tm) != 1)
		return err_set(err, "token: RFC 3161 2.4.2: genTime must be like "
				    "20261124081500.123Z: is not");
	*gen_time = timegm(&tm);
	(void)snprintf(token->gen_time, sizeof(token->gen_time), "%.4s-%.2s-%.2sT%.2s:%.2s:%.*s", t,
		t + 4, t + 6, t + 8, t + 10, (int)(text.len - 12), t + 12);
	return true;
}

static bool check_extensions(TS_TST_INFO *info, struct err *err)
{
	for (int i = 0; i < TS_TST_INFO_get_ext_count(info); i++) {
		char name[80];

		if (!X509_EXTENSION_get_critical(TS_TST_INFO_get_ext(info, i)))
			continue;
		(void)OBJ_obj2txt(name, sizeof(name),
			X509_EXTENSION_get_object(TS_TST_INFO_get_ext(info, i)), 1);
		return err_set(err, "token: critical extension %s: is not known", name);
	}
	return true;
}

bool tstinfo_check(TS_TST_INFO *info, const struct stamp_query *query, struct stamp_token *token,
	int64_t *gen_time, struct err *err)
{
	if (TS_TST_INFO_get_version(info) != 1)
		return err_set(err, "token: RFC 3161 2.4.2: TSTInfo version must be 1: is %ld",
			TS_TST_INFO_get_version(info));
	return check_imprint(info, query, err) && check_nonce(info, query, err) &&
	       check_policy(info, query, token, err) && check_serial(info, token, err) &&
	       check_time(info, token, gen_time, err) && check_extensions(info, err);
}
