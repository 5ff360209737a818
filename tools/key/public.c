/* tsa-key public: the public half of a key that is in a token, for its certificate. */
#include "tsa/hsm/public.h"

#include "key.h"

enum key_status key_public(const struct key_options *options, struct err *err)
{
	enum msg_failure failure = MSG_FAILURE_SETTING;
	struct key_session session = { 0 };
	struct key_output output = { 0 };
	struct hsm_key key;
	EVP_PKEY *public = NULL;
	bool ok = false;

	if (!key_output_open(&output, options->public_key, err) ||
		!key_session_open(&session, options, false, &failure, err))
		goto out;
	if (!hsm_find_key(&session.hsm, session.uri, &key, &failure, err) ||
		(public = hsm_public_key(&session.hsm, &key, &failure, err)) == NULL) {
		err_while(err, "key %.160s", hsm_uri_text(session.uri));
		goto out;
	}
	ok = key_output_write(&output, public, err);
	if (!ok)
		failure = MSG_FAILURE_OTHER;
out:
	EVP_PKEY_free(public);
	key_session_close(&session);
	key_output_close(&output);
	return ok ? KEY_DONE : key_status_of(failure);
}
