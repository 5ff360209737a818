/* Owns the descriptor of a PIN file while it reads it. */
#include "tsa/hsm/login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tsa/hsm/rv.h"

static bool in_credentials_directory(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	size_t len = directory == NULL ? 0 : strlen(directory);

	return len > 1 && directory[0] == '/' && strncmp(path, directory, len) == 0 &&
	       path[len] == '/';
}

static bool check_mode(int fd, const char *path, struct err *err)
{
	/* systemd lets the service's user read by an access list, whose mask is the group bits. */
	mode_t refused =
		in_credentials_directory(path) ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "PIN file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "PIN file %s: must be a regular file", path);
	if ((st.st_mode & refused) != 0)
		return err_set(err,
			"PIN file %s: must be closed to group and others (0400 or "
			"0600): mode is %04o",
			path, (unsigned)(st.st_mode & 07777));
	return true;
}

/* Reads up to the buffer's size; a longer file fills it, which is one byte more than a PIN has. */
static bool read_all(int fd, const char *path, struct hsm_pin *pin, struct err *err)
{
	pin->len = 0;
	while (pin->len < sizeof(pin->at)) {
		ssize_t n = read(fd, pin->at + pin->len, sizeof(pin->at) - pin->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "PIN file %s", path);
		if (n == 0)
			break;
		pin->len += (size_t)n;
	}
	return true;
}

static bool check_pin(const char *path, struct hsm_pin *pin, struct err *err)
{
	if (pin->len > 0 && pin->at[pin->len - 1] == '\n')
		pin->len--;
	if (pin->len < HSM_MIN_PIN || pin->len > HSM_MAX_PIN)
		return err_set(err, "PIN file %s: a PIN has %d to %d bytes: %s", path,
			(int)HSM_MIN_PIN, (int)HSM_MAX_PIN,
			pin->len < HSM_MIN_PIN ? "is shorter" : "is longer");
	for (size_t i = 0; i < pin->len; i++) {
		if (pin->at[i] < ' ' || pin->at[i] == 0x7f)
			return err_set(err,
				"PIN file %s: a PIN is one line of printable "
				"characters: has a control character",
				path);
	}
	return true;
}

bool hsm_pin_read(const char *path, struct hsm_pin *pin, struct err *err)
{
	bool ok = false;
	int fd;

	/* Best effort: a swapped page would outlive the wipe. */
	(void)mlock(pin, sizeof(*pin));
	/* A FIFO must not block the start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err_sys(err, "PIN file %s", path);
		goto out;
	}
	ok = check_mode(fd, path, err) && read_all(fd, path, pin, err) && check_pin(path, pin, err);
out:
	if (fd >= 0)
		(void)close(fd);
	if (!ok)
		hsm_pin_wipe(pin);
	return ok;
}

void hsm_pin_wipe(struct hsm_pin *pin)
{
	explicit_bzero(pin, sizeof(*pin));
}

/* How near the token is to locking, as far as it says. */
static const char *tries_left(struct hsm *hsm)
{
	CK_TOKEN_INFO now;

	if (hsm->call->C_GetTokenInfo(hsm->slot, &now) != CKR_OK)
		return "";
	if ((now.flags & CKF_USER_PIN_LOCKED) != 0)
		return "; the PIN is locked now";
	if ((now.flags & CKF_USER_PIN_FINAL_TRY) != 0)
		return "; one more wrong PIN locks it";
	return "";
}

static bool login_once(
	struct hsm *hsm, struct hsm_pin *pin, enum msg_failure *failure, struct err *err)
{
	struct err why = { 0 };
	CK_RV rv;

	if ((hsm->token.flags & CKF_USER_PIN_LOCKED) != 0) {
		*failure = MSG_FAILURE_PIN;
		return err_set(
			err, "token '%s': its user PIN is locked: login was not tried", hsm->label);
	}
	if ((hsm->token.flags & CKF_USER_PIN_INITIALIZED) == 0) {
		*failure = MSG_FAILURE_SETTING;
		return err_set(err, "token '%s': must have a user PIN: has none yet", hsm->label);
	}
	rv = hsm->call->C_Login(hsm->session, CKU_USER, pin->at, pin->len);
	if (rv == CKR_OK)
		return true;
	*failure = hsm_rv_failure(rv);
	hsm_err_rv(&why, rv, "token '%s': C_Login, tried once", hsm->label);
	return err_set(err, "%s%s", why.text, *failure == MSG_FAILURE_PIN ? tries_left(hsm) : "");
}

bool hsm_login(struct hsm *hsm, struct hsm_pin *pin, enum msg_failure *failure, struct err *err)
{
	bool ok = login_once(hsm, pin, failure, err);

	hsm_pin_wipe(pin);
	return ok;
}
