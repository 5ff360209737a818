/* Owns the keys and the world of a test program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "path_fixture.h"

static EVP_PKEY *keys[PATH_KEYS];

EVP_PKEY *path_key(unsigned i)
{
	assert_true(i < PATH_KEYS);
	if (keys[i] == NULL)
		keys[i] = make_key("P-256", 0);
	return keys[i];
}

void path_keys_free(void)
{
	for (unsigned i = 0; i < PATH_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}

X509 *path_certificate(const char *name, unsigned key, X509 *issuer, unsigned issuer_key,
	const struct make_extension *extensions)
{
	struct make_certificate how = {
		.common_name = name,
		.key = path_key(key),
		.issuer = issuer,
		.issuer_key = path_key(issuer_key),
		.not_before = PATH_FROM,
		.not_after = PATH_TO,
	};

	for (unsigned i = 0; extensions[i].name != NULL; i++)
		how.extensions[i] = extensions[i];
	return make_certificate(&how);
}

X509 *path_ca(const char *name, unsigned key, X509 *issuer, unsigned issuer_key)
{
	static const struct make_extension extensions[] = { PATH_CA, PATH_IDS, { NULL, NULL } };

	return path_certificate(name, key, issuer, issuer_key, extensions);
}

X509 *path_tsu(const char *name, unsigned key, X509 *issuer, unsigned issuer_key)
{
	static const struct make_extension extensions[] = {
		{ "keyUsage", "critical,digitalSignature" },
		{ "extendedKeyUsage", "critical,timeStamping" },
		PATH_IDS,
		{ NULL, NULL },
	};

	return path_certificate(name, key, issuer, issuer_key, extensions);
}

struct bytes path_der(X509 *certificate)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	assert_true(len > 0);
	return (struct bytes){ der, (size_t)len };
}

const struct material_item *path_add(
	struct material *material, X509 *certificate, enum material_from from)
{
	struct bytes der = path_der(certificate);
	const struct material_item *item = NULL;
	struct err err = { 0 };

	if (!material_add(material, MATERIAL_CERTIFICATE, from, der, "test", &item, &err))
		fail_msg("%s", err.text);
	OPENSSL_free((void *)der.at);
	return item;
}

void path_add_anchor(struct material *material, X509 *certificate)
{
	struct bytes der = path_der(certificate);
	struct err err = { 0 };

	if (!material_add_anchor(material, der, "test anchor", &err))
		fail_msg("%s", err.text);
	OPENSSL_free((void *)der.at);
}

struct path_world world;

int make_world(void **unused)
{
	(void)unused;
	world.root = path_ca("Root", ROOT, NULL, ROOT);
	world.ca = path_ca("CA", CA, world.root, ROOT);
	world.tsu = path_tsu("TSU", TSU, world.ca, CA);
	return 0;
}

int free_world(void **unused)
{
	(void)unused;
	X509_free(world.root);
	X509_free(world.ca);
	X509_free(world.tsu);
	path_keys_free();
	return 0;
}

int set_up(void **unused)
{
	(void)unused;
	world.cache = material_cache_new();
	world.base = material_new(world.cache, NULL);
	world.own = material_new(world.cache, world.base);
	return 0;
}

int tear_down(void **unused)
{
	(void)unused;
	material_free(world.own);
	material_free(world.base);
	material_cache_free(world.cache);
	return 0;
}

const struct paths *find(X509 *signer)
{
	paths_find(
		world.own, path_add(world.own, signer, FROM_TOKEN), NID_time_stamp, &world.paths);
	return &world.paths;
}

void assert_path(const struct path *path, X509 *const *certificates)
{
	unsigned length = 0;

	for (; certificates[length] != NULL; length++) {
		assert_true(length < path->length);
		assert_int_equal(X509_cmp(path->at[length]->certificate, certificates[length]), 0);
	}
	assert_int_equal(path->length, length);
}

struct numbered path_numbered(X509 *certificate)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct numbered made = { .der = path_der(certificate) };

	made.serial = memmem(made.der.at, made.der.len, ASN1_STRING_get0_data(serial),
		(size_t)ASN1_STRING_length(serial));
	assert_non_null(made.serial);
	return made;
}

bool path_add_numbered(struct material *material, struct numbered *certificate, unsigned number,
	enum material_from from, struct err *err)
{
	(void)memcpy(certificate->serial + 1, &number, sizeof(number));
	return material_add(
		material, MATERIAL_CERTIFICATE, from, certificate->der, "numbered", NULL, err);
}
