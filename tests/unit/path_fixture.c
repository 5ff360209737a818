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
