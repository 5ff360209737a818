/* Keys and certificates of lint_fixture.h. Owns them for a test program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"

enum { FROM = 1767225600 /* 2026-01-01 */, YEAR = 31536000 };

struct make_certificate lint_leaf(const struct lint_world *world, EVP_PKEY *key)
{
	return (struct make_certificate){
		.common_name = "TSU 2026",
		.organization = "Test",
		.country = "DE",
		.key = key == NULL ? world->key : key,
		.issuer = world->ca,
		.issuer_key = world->ca_key,
		.not_before = FROM,
		.not_after = FROM + 10LL * YEAR,
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

void lint_extension(struct make_certificate *how, const char *name, const char *value)
{
	size_t i = 0, last = MAKE_MAX_EXTENSIONS - 1;

	while (i < last && how->extensions[i].name != NULL &&
		strcmp(how->extensions[i].name, name) != 0)
		i++;
	if (value != NULL) {
		how->extensions[i] = (struct make_extension){ name, value };
		return;
	}
	memmove(&how->extensions[i], &how->extensions[i + 1],
		(last - i) * sizeof(how->extensions[0]));
	how->extensions[last].name = NULL;
}

static X509 *make_ca(const struct lint_world *world, const char *name, EVP_PKEY *key, X509 *issuer)
{
	const struct make_certificate how = {
		.common_name = name,
		.key = key,
		.issuer = issuer,
		.issuer_key = world->root_key,
		.not_before = FROM,
		.not_after = FROM + 20LL * YEAR,
		.extensions = {
			{ "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" },
			/* Longer than the leaf, so that the leaf is first in DER order. */
			{ "nsComment", "A comment that makes this certificate of an authority longer "
				       "than those of the time-stamping units that it issues, "
				       "whatever they have in them: only for tests of the order "
				       "of certificates in a token, which goes by length first. "
				       "This is the second half of it, and is there for nothing "
				       "but that length." },
		},
	};

	return make_certificate(&how);
}

int lint_set_up(void **state)
{
	struct lint_world *world = calloc(1, sizeof(*world));
	struct make_certificate how;

	assert_non_null(world);
	*state = world;
	world->root_key = make_key("P-256", 0);
	world->ca_key = make_key("P-256", 0);
	world->key = make_key("P-256", 0);
	world->rsa_key = make_key("rsa", 2048);
	world->ed_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	world->root = make_ca(world, "Root", world->root_key, NULL);
	world->ca = make_ca(world, "Issuing CA", world->ca_key, world->root);
	how = lint_leaf(world, NULL);
	world->leaf = make_certificate(&how);
	return 0;
}

int lint_tear_down(void **state)
{
	struct lint_world *world = *state;

	EVP_PKEY_free(world->root_key);
	EVP_PKEY_free(world->ca_key);
	EVP_PKEY_free(world->key);
	EVP_PKEY_free(world->rsa_key);
	EVP_PKEY_free(world->ed_key);
	X509_free(world->root);
	X509_free(world->ca);
	X509_free(world->leaf);
	free(world);
	return 0;
}

static struct lint_world *group;

int lint_set_up_group(void **state)
{
	int status = lint_set_up(state);

	group = *state;
	*state = NULL;
	return status;
}

int lint_tear_down_group(void **state)
{
	void *of_group = group;

	(void)state;
	return lint_tear_down(&of_group);
}

const struct lint_world *lint_group(void)
{
	return group;
}
