/* What the subcommands of tsa-key share: options, a session on a token, a file for a public key. */
#ifndef TSA_TOOLS_KEY_KEY_H
#define TSA_TOOLS_KEY_KEY_H

#include <openssl/evp.h>

#include "tsa/core/err.h"
#include "tsa/hsm/module.h"
#include "tsa/hsm/uri.h"

/* Exit status: REFUSED where the token answered and the answer is no. */
enum key_status { KEY_DONE = 0, KEY_REFUSED = 1, KEY_CANNOT_RUN = 3 };

/* As given; NULL: not given. A subcommand takes some of them only (options.c). */
struct key_options {
	const char *module;
	const char *label;
	const char *so_pin_file;
	const char *pin_file;
	const char *key;
	const char *type;
	const char *public_key;
};

/* One subcommand; err says why it did not return KEY_DONE. */
typedef enum key_status key_command(const struct key_options *options, struct err *err);

key_command key_init;
key_command key_generate;
key_command key_public;

/*
 * Reads the options of the subcommand in argv[0] into options. KEY_REFUSED never; KEY_CANNOT_RUN
 * and err for an unknown, repeated or missing option.
 */
enum key_status key_options_read(
	int argc, char **argv, struct key_options *options, struct err *err);

/* REFUSED for class KEY, else CANNOT_RUN. */
enum key_status key_status_of(enum msg_failure failure);

/* A token opened by its URI, logged in with the PIN of --pin-file. */
struct key_session {
	struct hsm hsm;
	struct hsm_uri *uri;
};

/* The caller closes, also after failure. */
MUST_CHECK bool key_session_open(struct key_session *session, const struct key_options *options,
	bool writable, enum msg_failure *failure, struct err *err);
void key_session_close(struct key_session *session);

/*
 * A file that appears whole or not at all: made beside its place before anything else happens,
 * so that a key is not generated for a file that cannot be written. All zero is none.
 */
struct key_output {
	const char *path; /* NULL: standard output */
	char temporary[4096];
	int fd;
	bool open;
};

MUST_CHECK bool key_output_open(struct key_output *output, const char *path, struct err *err);
/* Writes the SubjectPublicKeyInfo as PEM and puts the file into its place. */
MUST_CHECK bool key_output_write(struct key_output *output, EVP_PKEY *key, struct err *err);
/* Removes what was not written. */
void key_output_close(struct key_output *output);

#endif
