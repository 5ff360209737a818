/* Owns nothing; the only place where attributes are signed. */
#include "tsa/signer/sign.h"

#include "tsa/core/log.h"
#include "tsa/tsp/tstinfo.h"

/* Counts own signatures; true for every n-th, the first of all is the probe. */
static bool is_to_be_checked(struct signer *signer)
{
	if (signer->self_check == 0)
		return false;
	signer->since_check++;
	if (signer->since_check < signer->self_check)
		return false;
	signer->since_check = 0;
	return true;
}

bool signer_sign(struct signer *signer, struct bytes tstinfo, struct signature *out,
	enum msg_failure *failure, struct err *err)
{
	struct tsp_tstinfo info;
	size_t len = 0;

	if (!tsp_tstinfo_decode(tstinfo, &info))
		BUG("SIGN with %zu bytes that are no TSTInfo", tstinfo.len);
	*failure = MSG_FAILURE_OTHER;
	if (!token_signed_attrs(signer->parts, tstinfo, out->attrs_buf, sizeof(out->attrs_buf),
		    &out->attrs, err))
		return false;
	if (!token_sign(
		    signer->key->sign, signer->digest, out->attrs, out->signature_buf, &len, err)) {
		*failure = signer_key_diagnose(signer->key);
		return false;
	}
	out->signature = (struct bytes){ out->signature_buf, len };
	if (!is_to_be_checked(signer))
		return true;
	/* A signature gone wrong must not leave, and the key that made it must not go on. */
	*failure = MSG_FAILURE_KEY;
	if (!token_check_signature(
		    signer->certified, signer->digest, out->attrs, out->signature, err))
		return err_while(err, "own signature, not released");
	return true;
}
