/* Owns what OpenSSL needs to put a public key together. */
#include "tsa/hsm/public.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "tsa/hsm/rv.h"

enum {
	MAX_MODULUS = 1024, /* bytes: RSA-8192 */
	MAX_EXPONENT = 32,
	MAX_PARAMS = 32,
	MAX_POINT = 160, /* P-521: 133 bytes in an OCTET STRING */
};

static const uint8_t oid_p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_p521[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };

/* RFC 5480 2.1.1.1 */
static const struct hsm_curve curves[] = {
	{ "p256", "prime256v1", { oid_p256, sizeof(oid_p256) }, 65 },
	{ "p384", "secp384r1", { oid_p384, sizeof(oid_p384) }, 97 },
	{ "p521", "secp521r1", { oid_p521, sizeof(oid_p521) }, 133 },
};

const struct hsm_curve *hsm_curve_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(curves[i].name, name) == 0)
			return &curves[i];
	}
	return NULL;
}

const struct hsm_curve *hsm_curve_by_oid(struct bytes der)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (bytes_equal(curves[i].oid, der))
			return &curves[i];
	}
	return NULL;
}

/* Takes build; makes the key that its parameters say. */
static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *build, struct err *err)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		hsm_err_openssl(err, "%s public key of the token", type);
		key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static EVP_PKEY *rsa_key(struct bytes modulus, struct bytes exponent, struct err *err)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus.at, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(exponent.at, (int)exponent.len, NULL);
	EVP_PKEY *key = NULL;

	if (build == NULL || n == NULL || e == NULL ||
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1) {
		hsm_err_openssl(err, "RSA public key of the token");
		OSSL_PARAM_BLD_free(build);
	} else {
		key = key_from("RSA", build, err);
	}
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *ec_key(const struct hsm_curve *curve, struct bytes point, struct err *err)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

	if (build == NULL ||
		OSSL_PARAM_BLD_push_utf8_string(
			build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) != 1 ||
		OSSL_PARAM_BLD_push_octet_string(
			build, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.len) != 1) {
		hsm_err_openssl(err, "EC public key of the token");
		OSSL_PARAM_BLD_free(build);
		return NULL;
	}
	return key_from("EC", build, err);
}

static EVP_PKEY *rsa_public(
	struct hsm *hsm, CK_OBJECT_HANDLE object, enum msg_failure *failure, struct err *err)
{
	uint8_t modulus[MAX_MODULUS];
	uint8_t exponent[MAX_EXPONENT];
	size_t modulus_len = 0;
	size_t exponent_len = 0;
	CK_RV rv = hsm_attribute(hsm, object, CKA_MODULUS, modulus, sizeof(modulus), &modulus_len);

	if (rv == CKR_OK)
		rv = hsm_attribute(hsm, object, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent),
			&exponent_len);
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		hsm_err_rv(err, rv, "CKA_MODULUS and CKA_PUBLIC_EXPONENT");
		return NULL;
	}
	return rsa_key((struct bytes){ modulus, modulus_len },
		(struct bytes){ exponent, exponent_len }, err);
}

/*
 * PKCS#11 v2.40 2.3.3 wants CKA_EC_POINT in an OCTET STRING; some modules give the bare point.
 * The lengths tell them apart, the first byte does not (both start with 04).
 */
static struct bytes unwrap_point(struct bytes value, size_t point_len)
{
	size_t header = point_len < 128 ? 2 : 3;

	if (value.len == header + point_len && value.at[0] == 0x04)
		return (struct bytes){ value.at + header, point_len };
	return value;
}

static EVP_PKEY *ec_public(
	struct hsm *hsm, CK_OBJECT_HANDLE object, enum msg_failure *failure, struct err *err)
{
	uint8_t params[MAX_PARAMS];
	uint8_t point[MAX_POINT];
	size_t params_len = 0;
	size_t point_len = 0;
	const struct hsm_curve *curve;
	CK_RV rv = hsm_attribute(hsm, object, CKA_EC_PARAMS, params, sizeof(params), &params_len);

	if (rv == CKR_OK)
		rv = hsm_attribute(hsm, object, CKA_EC_POINT, point, sizeof(point), &point_len);
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		hsm_err_rv(err, rv, "CKA_EC_PARAMS and CKA_EC_POINT");
		return NULL;
	}
	curve = hsm_curve_by_oid((struct bytes){ params, params_len });
	if (curve == NULL) {
		err_set(err, "curve: must be P-256, P-384 or P-521 by name: is another");
		return NULL;
	}
	return ec_key(
		curve, unwrap_point((struct bytes){ point, point_len }, curve->point_len), err);
}

/* The public object that belongs to a private key. */
static bool find_public(struct hsm *hsm, const struct hsm_key *key, CK_OBJECT_HANDLE *object,
	enum msg_failure *failure, struct err *err)
{
	struct hsm_key *keys = NULL;
	size_t count = 0;
	size_t found = 0;

	if (!hsm_list_keys(hsm, CKO_PUBLIC_KEY, &keys, &count, failure, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (keys[i].type != key->type || strcmp(keys[i].label, key->label) != 0 ||
			!bytes_equal(hsm_key_id(&keys[i]), hsm_key_id(key)))
			continue;
		*object = keys[i].handle;
		found++;
	}
	free(keys);
	if (found == 1)
		return true;
	*failure = MSG_FAILURE_KEY;
	return err_set(
		err, "must have one public key object with the same label and id: has %zu", found);
}

EVP_PKEY *hsm_public_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	CK_OBJECT_HANDLE object = key->handle;
	char buf[32];

	*failure = MSG_FAILURE_KEY;
	switch (key->type) {
	case CKK_RSA:
		return rsa_public(hsm, object, failure, err);
	case CKK_EC:
		if (!find_public(hsm, key, &object, failure, err))
			return NULL;
		return ec_public(hsm, object, failure, err);
	default:
		err_set(err, "must be RSA or EC: is %s", hsm_key_type_name(key->type, buf));
		return NULL;
	}
}
