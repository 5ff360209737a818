/*
 * Certificates that keep every rule of every profile, what makes bad ones of them, and the findings
 * about them.
 */
#ifndef TSA_TESTS_PROFILE_FIXTURE_H
#define TSA_TESTS_PROFILE_FIXTURE_H

#include "make_certificate.h"
#include "tsa/token/profile.h"

enum { DAY = 86400, TEXT_ROOM = 8192 };

static const int64_t now = 1795000000; /* 2026-11-18T11:06:40Z */

struct fixture {
	EVP_PKEY *ca_key;
	EVP_PKEY *key;
	EVP_PKEY *rsa2048;
	EVP_PKEY *rsa1024;
	X509 *root;
	X509 *ca;
};

/* What was found, "P-05 text\n" each. */
struct findings {
	char text[TEXT_ROOM];
};

/* For profile_check_certificate. */
void collect(void *arg, const char *rule, const char *finding);

/* Group set-up and tear-down of cmocka: *state is a struct fixture. */
int set_up(void **state);
int tear_down(void **state);

/* A CA below the root, of the root's key. */
struct make_certificate ca_like(const struct fixture *f, const char *name);
/* A TSU that keeps every rule of every profile. */
struct make_certificate good_tsu(const struct fixture *f);
/* Gives an extension another value; NULL takes it out. */
void change(struct make_certificate *how, const char *name, const char *value);

/* The findings about such a certificate under its CA; the number that is returned fits them. */
struct findings judge(const struct fixture *f, enum profile profile,
	const struct make_certificate *how, int64_t when);
/* Fails unless the rule finds something in those words. */
void assert_finds(const struct fixture *f, enum profile profile, const struct make_certificate *how,
	const char *rule, const char *words);
/* Fails unless nothing is found. */
void assert_clean(
	const struct fixture *f, enum profile profile, const struct make_certificate *how);

#endif
