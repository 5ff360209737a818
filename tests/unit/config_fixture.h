/*
 * A folder with certificates, a good configuration over them, and what makes bad ones of it.
 */
#ifndef TSA_TESTS_CONFIG_FIXTURE_H
#define TSA_TESTS_CONFIG_FIXTURE_H

#include "make_certificate.h"
#include "tsa/authority/config.h"

enum { DAY = 86400, TEXT_ROOM = 16384, PATH_ROOM = 256, MAX_CHANGES = 6 };

static const int64_t now = 1795000000; /* 2026-11-18T11:06:40Z: when all is read */

struct fixture {
	char folder[PATH_ROOM];
	char config[PATH_ROOM];
	char publish[PATH_ROOM];
	EVP_PKEY *ca_key;
	EVP_PKEY *key[3];
	X509 *root;
	X509 *ca;
	X509 *test_root;
	X509 *test_ca;
};

/* One key of the file. */
struct setting {
	const char *section;
	const char *key;
	const char *value; /* NULL: left out */
};

/* A bad configuration: the good one with changes. */
struct row {
	struct setting changes[MAX_CHANGES];
	const char *finding; /* one that holds these words */
	unsigned errors; /* how many in all; 0: that one alone */
};

/* All that one reading reported, a line each. */
struct findings {
	unsigned errors;
	unsigned warnings;
	char text[TEXT_ROOM];
};

/* For config_read. */
void collect(void *arg, bool warning, const char *text);

/* Group set-up and tear-down of cmocka: *state is a struct fixture. */
int set_up(void **state);
int tear_down(void **state);

/* The good configuration with some changes; a key that it does not have ends its section. */
void render(char text[TEXT_ROOM], const struct setting changes[MAX_CHANGES]);
/* Reads it; NULL exactly if an error was found. */
struct config *read_text(
	const struct fixture *f, const char *text, size_t len, struct findings *found);
struct config *read_changed(
	const struct fixture *f, const struct setting changes[MAX_CHANGES], struct findings *found);
/* Fails unless each row gives its finding and as many others as it says. */
void assert_row(const struct fixture *f, const struct row *row);
void assert_rows(const struct fixture *f, const struct row *rows, size_t count);

void write_file(const char *path, const char *text, size_t len);
/* A TSU's certificate that keeps every rule of rfc3161 and csbr. */
struct make_certificate tsu_like(
	const struct fixture *f, const char *name, EVP_PKEY *key, X509 *issuer, int64_t not_after);
/* One that is made so, and its issuer's, in a file of the folder. */
void write_made(const struct fixture *f, const char *file, const struct make_certificate *how);
/* The same of tsu_like. */
void write_tsu(
	const struct fixture *f, const char *file, EVP_PKEY *key, X509 *issuer, int64_t not_after);

#endif
