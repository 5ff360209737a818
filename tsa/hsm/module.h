/*
 * One PKCS#11 module, called directly, with one token and one session in it.  Functions of this
 * folder that can fail for reasons of different classes give the class in *failure, together
 * with err: MSG_FAILURE_KEY where the token answered and the key is not there or not fit,
 * MSG_FAILURE_SETTING where the configuration asks for what is not there, and the class of the
 * return code where the module failed (rv.h).
 */
#ifndef TSA_HSM_MODULE_H
#define TSA_HSM_MODULE_H

#include <p11-kit/pkcs11.h>

#include "tsa/core/err.h"
#include "tsa/core/msg.h"

/* All zero is closed. What is before call is private to module.c. */
struct hsm {
	void *_library;
	bool _initialized;
	CK_FUNCTION_LIST *call; /* the module's functions */
	char module[MSG_MAX_PATH]; /* its file */

	/* From hsm_find_token on. */
	CK_SLOT_ID slot;
	CK_TOKEN_INFO token;
	char label[33]; /* of the token, without its padding */

	/* From hsm_open_session on; open as long as the login shall last. */
	bool has_session;
	CK_SESSION_HANDLE session;
};

/*
 * Loads the PKCS#11 library at the absolute path and initialises it. The caller closes, also
 * after failure.
 */
MUST_CHECK bool hsm_open(
	struct hsm *hsm, const char *module, enum msg_failure *failure, struct err *err);

/*
 * Closes the session and finalises the module, which stays mapped: modules leave exit handlers
 * behind. May be called twice. A process that ends need not call it: it leaves by _exit, since
 * modules crash in C_Finalize and at exit (OpenSC/libp11#239).
 */
void hsm_close(struct hsm *hsm);

#endif
