/* Between answer.c, tstinfo.c, signer.c, ess.c and protection.c only. */
#ifndef TSA_TOOLS_STAMP_ANSWER_PART_H
#define TSA_TOOLS_STAMP_ANSWER_PART_H

#include <openssl/cms.h>
#include <openssl/ts.h>

#include "answer.h"

/* TSTInfo from its DER, which must be all of content and DER in every part. The caller frees. */
TS_TST_INFO *tstinfo_read(struct bytes content, struct err *err);
/* Against query; fills serial, gen_time and policy. *gen_time: seconds since 1970. */
MUST_CHECK bool tstinfo_check(TS_TST_INFO *info, const struct stamp_query *query,
	struct stamp_token *token, int64_t *gen_time, struct err *err);

/*
 * Finds the signer's certificate among the token's and untrusted, and verifies certificate,
 * signature and chain; fills signer and chain.
 */
MUST_CHECK bool signer_check(CMS_ContentInfo *cms, const struct stamp_query *query,
	const struct stamp_rules *rules, int64_t gen_time, struct stamp_token *token,
	struct err *err);
/* P-21: tsa, if it is there, is a name of the signer. */
MUST_CHECK bool signer_check_name(TS_TST_INFO *info, X509 *signer, struct err *err);

/*
 * True if the signed attributes SigningCertificate and SigningCertificateV2, whichever are
 * there and at least one, name this certificate first (RFC 5035).
 */
bool ess_names(const CMS_SignerInfo *si, X509 *certificate);

/* P-25: CMSAlgorithmProtection, where it is there, names the algorithms of the SignerInfo. */
MUST_CHECK bool protection_holds(CMS_SignerInfo *si, struct err *err);

#endif
