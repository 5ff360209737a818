#include "profile_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

void collect(void *arg, const char *rule, const char *finding)
{
	struct findings *f = arg;
	size_t used = strlen(f->text);

	(void)snprintf(f->text + used, sizeof(f->text) - used, "%s %s\n", rule, finding);
}

struct make_certificate ca_like(const struct fixture *f, const char *name)
{
	return (struct make_certificate){
		.common_name = name,
		.key = f->ca_key,
		.issuer = f->root,
		.issuer_key = f->ca_key,
		.not_before = now - 60 * DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = {
			{ "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" },
		},
	};
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct make_certificate how;

	*state = f;
	f->ca_key = make_key("P-256", 0);
	f->key = make_key("P-256", 0);
	f->rsa2048 = make_key("rsa", 2048);
	f->rsa1024 = make_key("rsa", 1024);
	how = ca_like(f, "Root");
	f->root = make_certificate(&how);
	how = ca_like(f, "Issuing CA");
	f->ca = make_certificate(&how);
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->key);
	EVP_PKEY_free(f->rsa2048);
	EVP_PKEY_free(f->rsa1024);
	X509_free(f->root);
	X509_free(f->ca);
	free(f);
	return 0;
}

struct make_certificate good_tsu(const struct fixture *f)
{
	return (struct make_certificate){
		.common_name = "TSU 2026",
		.organization = "Test",
		.country = "DE",
		.key = f->key,
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before = now - 30 * DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = {
			{ "extendedKeyUsage", "critical,timeStamping" },
			{ "keyUsage", "critical,digitalSignature" },
			{ "basicConstraints", "CA:FALSE" },
			{ "authorityKeyIdentifier", "keyid" },
			{ "certificatePolicies", "2.23.140.1.4.2" },
			{ "crlDistributionPoints", "URI:http://tsa.example/ca.crl" },
			{ "authorityInfoAccess", "caIssuers;URI:http://tsa.example/ca.cer" },
			/* privateKeyUsagePeriod notAfter 20280101000000Z */
			{ "2.5.29.16", "DER:30:11:81:0f:32:30:32:38:30:31:30:31:30:30:30:30:30:30:5a" },
		},
	};
}

void change(struct make_certificate *how, const char *name, const char *value)
{
	for (size_t i = 0; i < MAKE_MAX_EXTENSIONS && how->extensions[i].name != NULL; i++) {
		if (strcmp(how->extensions[i].name, name) != 0)
			continue;
		how->extensions[i].value = value;
		if (value != NULL)
			return;
		memmove(&how->extensions[i], &how->extensions[i + 1],
			(MAKE_MAX_EXTENSIONS - 1 - i) * sizeof(how->extensions[0]));
		how->extensions[MAKE_MAX_EXTENSIONS - 1].name = NULL;
		return;
	}
	fail_msg("no extension %s", name);
}

struct findings judge(const struct fixture *f, enum profile profile,
	const struct make_certificate *how, int64_t when)
{
	X509 *certificate = make_certificate(how);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct findings found = { "" };
	unsigned lines = 0;
	unsigned count;

	(void)sk_X509_push(chain, f->ca);
	count = profile_check_certificate(profile, certificate, chain, when, collect, &found);
	for (const char *at = found.text; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(count, lines);
	assert_int_equal(ERR_peek_error(), 0);
	sk_X509_free(chain);
	X509_free(certificate);
	return found;
}

void assert_finds(const struct fixture *f, enum profile profile, const struct make_certificate *how,
	const char *rule, const char *words)
{
	struct findings found = judge(f, profile, how, now);
	size_t len = strlen(rule);

	for (const char *line = found.text; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *hit = strstr(line, words);

		if (strncmp(line, rule, len) == 0 && line[len] == ' ' && hit != NULL &&
			hit < strchr(line, '\n'))
			return;
	}
	fail_msg("no finding \"%s ... %s\" among:\n%s", rule, words, found.text);
}

void assert_clean(const struct fixture *f, enum profile profile, const struct make_certificate *how)
{
	assert_string_equal(judge(f, profile, how, now).text, "");
}
