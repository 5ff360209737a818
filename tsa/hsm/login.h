/*
 * The PIN, from its file to the token, once.  It is never printed, never in an argument or the
 * environment, and never given to libp11, which would keep a copy of it (prev_pin).
 */
#ifndef TSA_HSM_LOGIN_H
#define TSA_HSM_LOGIN_H

#include "tsa/hsm/module.h"

enum { HSM_MIN_PIN = 4, HSM_MAX_PIN = 255 };

struct hsm_pin {
	size_t len;
	unsigned char at[HSM_MAX_PIN + 2]; /* room for a newline and for one byte too many */
};

/*
 * Reads a PIN of 4 to 255 bytes, one line, its newline is not part of it. Refuses what is no
 * regular file and what group or others may read, naming the mode; in systemd's credentials
 * directory an access list shows as group bits, there only others count. Tries to lock the
 * memory; nothing is left in pin on failure.
 */
MUST_CHECK bool hsm_pin_read(const char *path, struct hsm_pin *pin, struct err *err);
void hsm_pin_wipe(struct hsm_pin *pin);

/*
 * Logs in once, as the user of the token, and wipes pin whatever comes of it. The login belongs
 * to the process and lasts as long as the session is open. A token that says that its PIN is
 * locked is not tried. *failure is PIN for CKR_PIN_*: that PIN must never be tried again (D13).
 */
MUST_CHECK bool hsm_login(
	struct hsm *hsm, struct hsm_pin *pin, enum msg_failure *failure, struct err *err);

#endif
