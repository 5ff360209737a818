/*
 * Which lanes log in to the same token: the first alone, the others after it succeeded, none any
 * more once its PIN was refused (D13, R20).
 */
#ifndef TSA_AUTHORITY_LOGIN_H
#define TSA_AUTHORITY_LOGIN_H

#include "tsa/authority/config.h"

enum login_state {
	LOGIN_UNPROVEN,
	LOGIN_TRYING, /* one lane proves its key */
	LOGIN_PROVEN,
	LOGIN_REFUSED, /* CKR_PIN_*: this PIN is never tried again */
};

struct login {
	char token[MSG_MAX_URI + MSG_MAX_PATH]; /* module and what of the URI names the token */
	const char *module;
	char identity[MSG_MAX_TEXT]; /* what the token said of itself; empty: not known yet */
	enum login_state state;
};

struct logins {
	struct login *each; /* as many places as there are TSUs */
	size_t count;
};

void logins_init(struct logins *logins, size_t tsu_count);
void logins_wipe(struct logins *logins);
/* The login of that TSU's token; lives as long as logins. */
struct login *logins_of(struct logins *logins, const struct config_tsu *tsu);
/*
 * The token behind a login has said who it is. If another login of the same module is to the same
 * token, written in another way, gives that one, which is to be used from now on; else login.
 */
struct login *logins_known(struct logins *logins, struct login *login, const char *identity);

#endif
