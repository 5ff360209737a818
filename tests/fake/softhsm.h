/*
 * A private SoftHSM in a temporary folder, for tests: its own configuration (SOFTHSM2_CONF of
 * this process and its children), tokens and keys as a test wants them, good and bad.  Failures
 * fail the test.
 */
#ifndef TSA_TESTS_FAKE_SOFTHSM_H
#define TSA_TESTS_FAKE_SOFTHSM_H

#include <openssl/evp.h>

#include "tsa/hsm/object.h"

#define SOFTHSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define SOFTHSM_PIN "user-pin-4711"
#define SOFTHSM_SO_PIN "officer-pin-0815"

struct softhsm {
	char dir[64];
	char pin_file[96]; /* 0600, holds SOFTHSM_PIN and a newline */
	char so_pin_file[96];
	char wrong_pin_file[96]; /* 0600, another PIN */
};

/* Makes the folder and the PIN files and sets SOFTHSM2_CONF. No token yet. */
void softhsm_start(struct softhsm *s);
/* Removes all of it. */
void softhsm_stop(struct softhsm *s);

/* dir/name, in a static buffer that the next call overwrites. */
const char *softhsm_path(const struct softhsm *s, const char *name);
void softhsm_write_file(const char *path, const char *text, unsigned mode);

/* Runs a command by the shell and gives its exit status. */
int softhsm_shell(const char *command);

/* A token with that label and both PINs. */
void softhsm_token(const char *label);
/* A module with that token open, writable and logged in; close with hsm_close. */
void softhsm_login(struct hsm *hsm, const char *label);

/* A key pair by hsm_generate; kind "rsa3072", "p256" ... The caller frees the public key. */
EVP_PKEY *softhsm_key(const char *token, const char *label, const char *kind);

/* A P-256 pair that keeps all rules but one: its private key has value for that attribute. */
void softhsm_odd_key(const char *token, const char *label, CK_ATTRIBUTE_TYPE type, CK_BBOOL value);
/* An Ed25519 pair (trap 1 of libp11). */
void softhsm_ed25519_key(const struct softhsm *s, const char *token, const char *label);

#endif
