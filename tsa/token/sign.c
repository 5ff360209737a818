/*
 * Signatures over signed attributes, by EVP_PKEY: a key in memory or one that libp11 gives.
 * Owns nothing; never sees a PIN.
 */
#include "tsa/token/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

bool err_openssl(struct err *err, const char *fmt, ...)
{
	va_list args;
	size_t used;
	unsigned long code;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	/* The queue is a ring of ERR_NUM_ERRORS, so this ends. */
	while ((code = ERR_get_error()) != 0) {
		used = strlen(err->text);
		if (used + 3 >= sizeof(err->text))
			continue;
		(void)snprintf(err->text + used, sizeof(err->text) - used, ": ");
		ERR_error_string_n(code, err->text + used + 2, sizeof(err->text) - used - 2);
	}
	return false;
}

static const EVP_MD *evp_digest(enum tsp_digest digest)
{
	switch (digest) {
	case TSP_SHA256:
		return EVP_sha256();
	case TSP_SHA384:
		return EVP_sha384();
	case TSP_SHA512:
		return EVP_sha512();
	case TSP_SHA3_256: /* imprints only */
	case TSP_SHA3_384:
	case TSP_SHA3_512:
	case TSP_DIGEST_NONE:
	case TSP_DIGESTS:
		break;
	}
	return NULL;
}

bool token_sign(EVP_PKEY *key, enum tsp_digest digest, struct bytes attrs, uint8_t *sig,
	size_t *sig_len, struct err *err)
{
	const EVP_MD *md = evp_digest(digest);
	EVP_MD_CTX *ctx = NULL;
	bool ok = false;

	if (md == NULL)
		return err_set(
			err, "signature: digest number %d is none that signs here", (int)digest);
	if (EVP_PKEY_get_size(key) < 1 || EVP_PKEY_get_size(key) > TOKEN_MAX_SIGNATURE)
		return err_set(err, "signature: %d bytes: at most %d are supported",
			EVP_PKEY_get_size(key), (int)TOKEN_MAX_SIGNATURE);
	*sig_len = TOKEN_MAX_SIGNATURE;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
		EVP_DigestSign(ctx, sig, sig_len, attrs.at, attrs.len) != 1) {
		err_openssl(err, "signature with %s", tsp_digest_name(digest));
		goto out;
	}
	ok = true;
out:
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool token_check_signature(EVP_PKEY *key, enum tsp_digest digest, struct bytes attrs,
	struct bytes signature, struct err *err)
{
	const EVP_MD *md = evp_digest(digest);
	EVP_MD_CTX *ctx = NULL;
	bool ok = false;

	if (md == NULL)
		return err_set(
			err, "signature: digest number %d is none that signs here", (int)digest);
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) != 1) {
		err_openssl(err, "verification with %s", tsp_digest_name(digest));
		goto out;
	}
	if (EVP_DigestVerify(ctx, signature.at, signature.len, attrs.at, attrs.len) != 1) {
		err_openssl(err, "signature: RFC 5652 5.6: does not verify with this key");
		goto out;
	}
	ok = true;
out:
	EVP_MD_CTX_free(ctx);
	return ok;
}
