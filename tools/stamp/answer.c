/* The TimeStampResp, and the order of all checks. */
#include "answer_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tsa/token/build.h"
#include "tsa/tsp/reply.h"

enum { GRANTED_WITH_MODS = 1 };

/* U+0080 to U+009F are control characters, too: C2 80 to C2 9F. */
static bool is_control(struct bytes text, size_t i)
{
	uint8_t c = text.at[i];

	return c < ' ' || c == 0x7f || (c == 0xc2 && i + 1 < text.len && text.at[i + 1] < 0xa0) ||
	       (c < 0xa0 && c >= 0x80 && i > 0 && text.at[i - 1] == 0xc2);
}

/* The server's words, fit for a terminal: control characters are its own business. */
static void show(struct bytes text, char out[STAMP_MAX_TEXT])
{
	size_t n = 0;

	for (; n < text.len && n + 1 < STAMP_MAX_TEXT; n++)
		out[n] = (char)(is_control(text, n) ? ' ' : text.at[n]);
	out[n] = '\0';
}

static bool refused(const struct tsp_reply *reply, struct err *err)
{
	static const char *const names[] = { "granted", "grantedWithMods", "rejection", "waiting",
		"revocationWarning", "revocationNotification" };
	char text[STAMP_MAX_TEXT];

	show(reply->text, text);
	return err_set(err, "the TSA refuses: %s%s%s%s%s", names[reply->status],
		reply->failure == TSP_GRANTED ? "" : ", ",
		reply->failure == TSP_GRANTED ? "" : tsp_failure_name(reply->failure),
		text[0] == '\0' ? "" : ": ", text);
}

/* P-13: all of der is one SignedData over id-ct-TSTInfo. */
static CMS_ContentInfo *read_token(struct bytes der, struct err *err)
{
	const uint8_t *at = der.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);

	if (cms == NULL) {
		err_openssl(err, "token: RFC 5652: must be a ContentInfo");
		return NULL;
	}
	if (at == der.at + der.len && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed &&
		OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_id_smime_ct_TSTInfo &&
		CMS_get0_content(cms) != NULL && *CMS_get0_content(cms) != NULL)
		return cms;
	err_set(err, "token: RFC 3161 2.4.2: must be a SignedData over id-ct-TSTInfo: is not");
	CMS_ContentInfo_free(cms);
	return NULL;
}

static bool check_skew(const struct stamp_rules *rules, int64_t gen_time, struct err *err)
{
	int64_t skew = gen_time > rules->now ? gen_time - rules->now : rules->now - gen_time;

	return rules->skew_s == 0 || skew <= rules->skew_s ||
	       err_set(err,
		       "genTime: at most %" PRId64 " s from this machine's clock: is %" PRId64
		       " s %s it: one of the two is wrong (--skew)",
		       rules->skew_s, skew, gen_time > rules->now ? "after" : "before");
}

static bool check_token(const struct stamp_query *query, const struct stamp_rules *rules,
	struct stamp_token *token, struct err *err)
{
	CMS_ContentInfo *cms = read_token(token->der, err);
	TS_TST_INFO *info = NULL;
	const ASN1_OCTET_STRING *content;
	int64_t gen_time = 0;
	bool ok = false;

	if (cms == NULL)
		return false;
	content = *CMS_get0_content(cms);
	token->certificates = CMS_get1_certs(cms);
	if (token->certificates == NULL)
		token->certificates = sk_X509_new_null();
	if (token->certificates == NULL)
		abort();
	info = tstinfo_read((struct bytes){ ASN1_STRING_get0_data(content),
				    (size_t)ASN1_STRING_length(content) },
		err);
	ok = info != NULL && tstinfo_check(info, query, token, &gen_time, err) &&
	     signer_check(cms, query, rules, gen_time, token, err) &&
	     signer_check_name(info, token->signer, err) && check_skew(rules, gen_time, err);
	TS_TST_INFO_free(info);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return ok;
}

enum stamp_verdict stamp_judge(const struct stamp_query *query, struct bytes answer,
	const struct stamp_rules *rules, struct stamp_token *token, struct err *err)
{
	struct tsp_reply reply;

	*token = (struct stamp_token){ .failure = TSP_GRANTED };
	if (!tsp_reply_decode(answer, &reply)) {
		err_set(err, "answer: RFC 3161 2.4.2: must be one DER TimeStampResp and nothing "
			     "more: is not");
		return STAMP_INVALID;
	}
	if (reply.token.len == 0) {
		token->failure = reply.failure;
		refused(&reply, err);
		return STAMP_REFUSED;
	}
	token->modified = reply.status == GRANTED_WITH_MODS;
	token->der = reply.token;
	return check_token(query, rules, token, err) ? STAMP_GRANTED : STAMP_INVALID;
}

void stamp_token_wipe(struct stamp_token *token)
{
	X509_free(token->signer);
	sk_X509_pop_free(token->certificates, X509_free);
	sk_X509_pop_free(token->chain, X509_free);
	token->signer = NULL;
	token->certificates = NULL;
	token->chain = NULL;
}
