/* Owns the way to the private key: module, session, login, libp11; or the key from a file. */
#include "tsa/signer/key.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "tsa/core/pin_file.h"
#include "tsa/hsm/attributes.h"
#include "tsa/hsm/login.h"
#include "tsa/hsm/public.h"
#include "tsa/hsm/token.h"
#include "tsa/token/build.h"

static bool log_in(
	struct hsm *hsm, const char *pin_file, enum msg_failure *failure, struct err *err)
{
	char path[MSG_MAX_PATH];
	struct hsm_pin pin;

	*failure = MSG_FAILURE_SETTING;
	if (!pin_file_path(pin_file, path, err) || !hsm_pin_read(path, &pin, err))
		return false;
	return hsm_login(hsm, &pin, failure, err);
}

/* An EC token need not show the public half; then the probe signature alone is the proof. */
static bool read_public(struct signer_key *key, enum msg_failure *failure, struct err *err)
{
	key->public = hsm_public_key(&key->hsm, &key->object, failure, err);
	return key->public != NULL || *failure == MSG_FAILURE_KEY;
}

static bool open_in_token(struct signer_key *key, const struct hsm_uri *uri,
	const struct msg_setup_signer *setup, enum msg_failure *failure, struct err *err)
{
	struct hsm *hsm = &key->hsm;

	if (!hsm_open(hsm, setup->module, failure, err) ||
		!hsm_find_token(hsm, uri, failure, err) ||
		!hsm_open_session(hsm, false, failure, err) ||
		!log_in(hsm, setup->pin_file, failure, err) ||
		!hsm_find_key(hsm, uri, &key->object, failure, err) ||
		!hsm_check_key(hsm, &key->object, failure, err) || !read_public(key, failure, err))
		return false;
	key->evp = hsm_evp_new(hsm, &key->object, failure, err);
	if (key->evp == NULL)
		return false;
	key->sign = hsm_evp_key(key->evp);
	hsm_describe_token(hsm, key->where, sizeof(key->where));
	return true;
}

/* A PEM that asks for a password is refused: there is nobody to ask. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static bool check_file(FILE *file, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fileno(file), &st) != 0)
		return err_sys(err, "file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "file %s: must be a regular file", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(err,
			"file %s: must be closed to group and others (0400 or 0600): "
			"mode is %04o",
			path, (unsigned)(st.st_mode & 07777));
	return true;
}

static bool open_in_file(struct signer_key *key, const char *path,
	const struct msg_setup_signer *setup, struct err *err)
{
	FILE *file = NULL;
	bool ok = false;

	if (!setup->allow_software_key)
		return err_set(err, "a key in a file is for test units only and needs "
				    "allow_software_key: is not set");
	if (path[0] != '/')
		return err_set(err, "must name an absolute path (file:/path)");
	file = fopen(path, "re");
	if (file == NULL) {
		err_sys(err, "file %s", path);
		goto out;
	}
	if (!check_file(file, path, err))
		goto out;
	key->sign = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	if (key->sign == NULL) {
		err_openssl(err, "file %s: must be a PEM private key without a password", path);
		goto out;
	}
	if (EVP_PKEY_up_ref(key->sign) == 1)
		key->public = key->sign;
	(void)snprintf(key->where, sizeof(key->where), "software key %.256s, in no token", path);
	ok = true;
out:
	if (file != NULL)
		(void)fclose(file);
	return ok;
}

/* The path of "file:/path" and "file:///path" (RFC 8089); NULL: not a file: URI. */
static const char *file_path(const char *uri)
{
	if (strncmp(uri, "file:", 5) != 0)
		return NULL;
	return strncmp(uri + 5, "///", 3) == 0 ? uri + 7 : uri + 5;
}

bool signer_key_open(struct signer_key *key, const struct msg_setup_signer *setup,
	enum msg_failure *failure, struct err *err)
{
	const char *path = file_path(setup->key);
	struct hsm_uri *uri = NULL;
	bool ok;

	*key = (struct signer_key){ 0 };
	*failure = MSG_FAILURE_SETTING;
	if (path != NULL) {
		ok = open_in_file(key, path, setup, err);
	} else {
		uri = hsm_uri_parse(setup->key, err);
		if (uri == NULL) /* what does not parse may hold a PIN and is not repeated */
			return err_while(err, "signer %s: key", setup->tsu);
		ok = open_in_token(key, uri, setup, failure, err);
		hsm_uri_free(uri);
	}
	if (!ok)
		err_while(err, "signer %s: key %.160s", setup->tsu, setup->key);
	return ok;
}

void signer_key_close(struct signer_key *key)
{
	EVP_PKEY_free(key->public);
	if (key->evp != NULL)
		hsm_evp_free(key->evp);
	else
		EVP_PKEY_free(key->sign);
	hsm_close(&key->hsm);
	*key = (struct signer_key){ 0 };
}

enum msg_failure signer_key_diagnose(struct signer_key *key)
{
	return key->evp == NULL ? MSG_FAILURE_OTHER : hsm_diagnose(&key->hsm, &key->object);
}
