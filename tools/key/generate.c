/* tsa-key generate: a key pair for a TSU, made in the token and never outside of it. */
#include "tsa/hsm/generate.h"

#include <stdio.h>

#include "key.h"
#include "tsa/core/hex.h"
#include "tsa/hsm/public.h"

static bool generate(struct key_session *session, const struct hsm_kind *kind,
	struct key_output *output, struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	EVP_PKEY *public = NULL;
	bool ok;

	if (!hsm_generate(&session->hsm, session->uri, kind, key, failure, err))
		return err_while(err, "key %.160s", hsm_uri_text(session->uri));
	if (output->path == NULL)
		return true;
	public = hsm_public_key(&session->hsm, key, failure, err);
	ok = public != NULL && key_output_write(output, public, err);
	EVP_PKEY_free(public);
	/* The key exists now; whoever called must not think that it does not. */
	if (!ok)
		*failure = MSG_FAILURE_OTHER;
	return ok || err_while(err, "key %.160s is generated, but not written",
			     hsm_uri_text(session->uri));
}

enum key_status key_generate(const struct key_options *options, struct err *err)
{
	const struct hsm_kind *kind = hsm_kind_by_name(options->type);
	enum msg_failure failure = MSG_FAILURE_SETTING;
	struct key_session session = { 0 };
	struct key_output output = { 0 };
	struct hsm_key key;
	char id[2 * HSM_MAX_ID + 1];
	bool ok;

	if (kind == NULL) {
		err_set(err, "--type: must be one of rsa3072, rsa4096, p256, p384: is %s",
			options->type);
		return KEY_CANNOT_RUN;
	}
	ok = key_output_open(&output, options->public_key, err) &&
	     key_session_open(&session, options, true, &failure, err) &&
	     generate(&session, kind, &output, &key, &failure, err);
	if (ok) {
		hex_encode(hsm_key_id(&key), id);
		(void)printf("key '%s': generated in token '%s': %s, id %s\n", key.label,
			session.hsm.label, options->type, id);
	}
	key_session_close(&session);
	key_output_close(&output);
	return ok ? KEY_DONE : key_status_of(failure);
}
