/* Owns module, session and URI of one run. */
#include "key.h"

#include "tsa/hsm/login.h"
#include "tsa/hsm/token.h"

enum key_status key_status_of(enum msg_failure failure)
{
	return failure == MSG_FAILURE_KEY ? KEY_REFUSED : KEY_CANNOT_RUN;
}

bool key_session_open(struct key_session *session, const struct key_options *options, bool writable,
	enum msg_failure *failure, struct err *err)
{
	struct hsm_pin pin;

	*session = (struct key_session){ 0 };
	*failure = MSG_FAILURE_SETTING;
	session->uri = hsm_uri_parse(options->key, err);
	if (session->uri == NULL)
		return err_while(err, "--key");
	if (!hsm_open(&session->hsm, options->module, failure, err) ||
		!hsm_find_token(&session->hsm, session->uri, failure, err) ||
		!hsm_open_session(&session->hsm, writable, failure, err))
		return err_while(err, "key %.160s", hsm_uri_text(session->uri));
	*failure = MSG_FAILURE_SETTING;
	return hsm_pin_read(options->pin_file, &pin, err) &&
	       hsm_login(&session->hsm, &pin, failure, err);
}

void key_session_close(struct key_session *session)
{
	hsm_uri_free(session->uri);
	hsm_close(&session->hsm);
	*session = (struct key_session){ 0 };
}
