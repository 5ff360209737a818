/*
 * Which lanes log in to the same token: the first alone, the others after it succeeded, none any
 * more once its PIN was refused, until a reload comes with another PIN file (D13, R20).
 */
#ifndef TSA_AUTHORITY_LOGIN_H
#define TSA_AUTHORITY_LOGIN_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "tsa/authority/config.h"

enum login_state {
	LOGIN_UNPROVEN,
	LOGIN_TRYING, /* one lane proves its key */
	LOGIN_PROVEN,
};

/* What tells one version of a PIN file from the next. tsad never opens one. */
struct pin_mark {
	bool known; /* false: there is no such file, or none is set */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed; /* content */
	struct timespec touched; /* content or inode */
};

struct login {
	TAILQ_ENTRY(login) link;
	char token[MSG_MAX_URI + MSG_MAX_PATH]; /* module and what of the URI names the token */
	char module[MSG_MAX_PATH];
	char identity[MSG_MAX_TEXT]; /* what the token said of itself; empty: not known yet */
	enum login_state state;
	struct pin_mark refused; /* the PIN file that was refused last */
	unsigned barred; /* lanes up to this generation log in no more; 0: all may */
	unsigned lanes; /* how many use it: counted by the crew */
};

TAILQ_HEAD(logins, login);

/* The mark of a TSU's PIN file as it is now. */
struct pin_mark pin_mark_of(const struct config_tsu *tsu);
/* True if both are known and equal. */
bool pin_mark_same(const struct pin_mark *a, const struct pin_mark *b);

void logins_init(struct logins *logins);
void logins_wipe(struct logins *logins);
/* The login of that TSU's token, a new one if there is none; owns its texts. */
struct login *logins_of(struct logins *logins, const struct config_tsu *tsu);
/*
 * The token behind a login has said who it is. If another login of the same module is to the same
 * token, written in another way, gives that one, which is to be used from now on; else login.
 */
struct login *logins_known(struct logins *logins, struct login *login, const char *identity);
/* Forgets logins that no lane uses and no PIN was refused at. */
void logins_prune(struct logins *logins);

/* True if a lane of that generation may start now. */
bool login_is_free(const struct login *login, unsigned generation);
/* CKR_PIN_* for what stood in the file with that mark: bars lanes up to that generation. */
void login_refuse(struct login *login, const struct pin_mark *pin, unsigned generation);

/*
 * R20: reports each TSU of config whose PIN was refused and whose pin_file has not changed since.
 * path names the configuration.
 */
void logins_allow(const struct logins *logins, const struct config *config, const char *path,
	config_finding *report, void *arg);

#endif
