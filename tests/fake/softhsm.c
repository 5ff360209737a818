/* Owns the temporary folder. */
#include "tests/fake/softhsm.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "tests/fake/scratch.h"
#include "tsa/hsm/generate.h"
#include "tsa/hsm/init.h"
#include "tsa/hsm/login.h"
#include "tsa/hsm/public.h"
#include "tsa/hsm/token.h"

const char *softhsm_path(const struct softhsm *s, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return path;
}

void softhsm_write_file(const char *path, const char *text, unsigned mode)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

void softhsm_start(struct softhsm *s)
{
	char conf[256];

	scratch_template(s->dir, sizeof(s->dir), "tsa-softhsm");
	assert_non_null(mkdtemp(s->dir));
	(void)snprintf(s->pin_file, sizeof(s->pin_file), "%s/pin", s->dir);
	(void)snprintf(s->so_pin_file, sizeof(s->so_pin_file), "%s/so-pin", s->dir);
	(void)snprintf(s->wrong_pin_file, sizeof(s->wrong_pin_file), "%s/wrong-pin", s->dir);
	softhsm_write_file(s->pin_file, SOFTHSM_PIN "\n", 0600);
	softhsm_write_file(s->so_pin_file, SOFTHSM_SO_PIN "\n", 0400);
	softhsm_write_file(s->wrong_pin_file, "not-the-pin\n", 0600);
	(void)snprintf(conf, sizeof(conf),
		"directories.tokendir = %s/tokens\n"
		"objectstore.backend = file\nlog.level = ERROR\n",
		s->dir);
	assert_int_equal(mkdir(softhsm_path(s, "tokens"), 0700), 0);
	softhsm_write_file(softhsm_path(s, "softhsm2.conf"), conf, 0600);
	assert_int_equal(setenv("SOFTHSM2_CONF", softhsm_path(s, "softhsm2.conf"), 1), 0);
}

int softhsm_shell(const char *command)
{
	int status = system(command); /* NOLINT(cert-env33-c): the text is the test's own */

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* A test that failed in the middle left the module initialised. */
static void finalise(void)
{
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	if (!hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err))
		fail_msg("%s", err.text);
	hsm_close(&hsm);
}

void softhsm_stop(struct softhsm *s)
{
	finalise();
	assert_int_equal(nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(unsetenv("SOFTHSM2_CONF"), 0);
}

static void set_pin(struct hsm_pin *pin, const char *text)
{
	pin->len = strlen(text);
	memcpy(pin->at, text, pin->len);
}

void softhsm_token(const char *label)
{
	struct hsm hsm;
	struct hsm_pin so;
	struct hsm_pin user;
	enum msg_failure failure;
	struct err err = { 0 };

	set_pin(&so, SOFTHSM_SO_PIN);
	set_pin(&user, SOFTHSM_PIN);
	if (!hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err) ||
		!hsm_init_token(&hsm, label, &so, &user, &failure, &err))
		fail_msg("%s", err.text);
	hsm_close(&hsm);
}

static struct hsm_uri *uri_of(const char *token, const char *label)
{
	char text[128];
	struct err err = { 0 };
	struct hsm_uri *uri;

	(void)snprintf(text, sizeof(text), "pkcs11:token=%s;object=%s", token, label);
	uri = hsm_uri_parse(text, &err);
	if (uri == NULL)
		fail_msg("%s", err.text);
	return uri;
}

void softhsm_login(struct hsm *hsm, const char *label)
{
	struct hsm_uri *uri = uri_of(label, "any");
	struct hsm_pin pin;
	enum msg_failure failure;
	struct err err = { 0 };

	set_pin(&pin, SOFTHSM_PIN);
	if (!hsm_open(hsm, SOFTHSM_MODULE, &failure, &err) ||
		!hsm_find_token(hsm, uri, &failure, &err) ||
		!hsm_open_session(hsm, true, &failure, &err) ||
		!hsm_login(hsm, &pin, &failure, &err))
		fail_msg("%s", err.text);
	hsm_uri_free(uri);
}

EVP_PKEY *softhsm_key(const char *token, const char *label, const char *kind)
{
	struct hsm_uri *uri = uri_of(token, label);
	struct hsm hsm;
	struct hsm_key key;
	EVP_PKEY *public = NULL;
	enum msg_failure failure;
	struct err err = { 0 };

	softhsm_login(&hsm, token);
	if (hsm_generate(&hsm, uri, hsm_kind_by_name(kind), &key, &failure, &err))
	public = hsm_public_key(&hsm, &key, &failure, &err);
	if (public == NULL)
		fail_msg("%s", err.text);
	hsm_close(&hsm);
	hsm_uri_free(uri);
	return public;
}

void softhsm_odd_key(const char *token, const char *label, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
	struct bytes params = hsm_curve_by_name("p256")->oid;
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL no = CK_FALSE;
	CK_BYTE oid[32];
	char name[64];
	CK_ULONG name_len = strlen(label);
	CK_ATTRIBUTE pub[] = {
		{ CKA_EC_PARAMS, oid, params.len },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_LABEL, name, name_len },
		{ CKA_ID, name, name_len },
	};
	CK_ATTRIBUTE priv[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_LABEL, name, name_len },
		{ CKA_ID, name, name_len },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_DERIVE, &no, sizeof(no) },
	};
	enum { LAST = sizeof(priv) / sizeof(priv[0]) - 1 };
	CK_OBJECT_HANDLE handles[2];
	CK_ULONG at = 0;
	struct hsm hsm;

	memcpy(oid, params.at, params.len);
	(void)snprintf(name, sizeof(name), "%s", label);
	/* In the place of the rule that it breaks, or of the last one. */
	while (at < LAST && priv[at].type != type)
		at++;
	priv[at] = (CK_ATTRIBUTE){ type, &value, sizeof(value) };
	softhsm_login(&hsm, token);
	assert_int_equal(hsm.call->C_GenerateKeyPair(hsm.session, &mechanism, pub, 4, priv,
				 LAST + 1, &handles[0], &handles[1]),
		CKR_OK);
	hsm_close(&hsm);
}

/* By another process: SoftHSM leaks what it reads of such a key. */
void softhsm_ed25519_key(const struct softhsm *s, const char *token, const char *label)
{
	const char *path = softhsm_path(s, "ed25519.pem");
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	FILE *f = fopen(path, "w");
	char command[512];

	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	EVP_PKEY_free(key);
	(void)snprintf(command, sizeof(command),
		"softhsm2-util --import %s --token %s --label %s --id ed --pin %s >/dev/null", path,
		token, label, SOFTHSM_PIN);
	assert_int_equal(softhsm_shell(command), 0);
}
