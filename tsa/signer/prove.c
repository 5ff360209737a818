/* Owns nothing; signs the probe string and nothing else. */
#include "tsa/signer/prove.h"

#include <string.h>

#include <openssl/core_names.h>

#include "tsa/token/build.h"

enum {
	MIN_RSA_BITS = 2048, /* profiles ask for more; below this nobody verifies */
	MAX_RSA_BITS = 8192, /* TOKEN_MAX_SIGNATURE */
};

static bool check_curve(EVP_PKEY *certified, struct err *err)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char group[64] = "";

	if (EVP_PKEY_get_group_name(certified, group, sizeof(group), NULL) != 1)
		return err_openssl(err, "certificate: curve of its key");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(group, curves[i]) == 0)
			return true;
	}
	return err_set(
		err, "certificate: EC keys must be on P-256, P-384 or P-521: is on %s", group);
}

static bool check_kind(EVP_PKEY *certified, struct err *err)
{
	int bits = EVP_PKEY_get_bits(certified);

	if (EVP_PKEY_is_a(certified, "EC"))
		return check_curve(certified, err);
	if (!EVP_PKEY_is_a(certified, "RSA"))
		return err_set(err, "certificate: its key must be RSA or EC: is another");
	if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
		return err_set(err, "certificate: RSA keys must have %d to %d bits: has %d",
			(int)MIN_RSA_BITS, (int)MAX_RSA_BITS, bits);
	return true;
}

static bool probe(struct signer_key *key, EVP_PKEY *certified, enum tsp_digest digest,
	enum msg_failure *failure, struct err *err)
{
	struct bytes text = bytes_of_text(SIGNER_PROBE);
	uint8_t signature[TOKEN_MAX_SIGNATURE];
	size_t len = 0;

	if (!token_sign(key->sign, digest, text, signature, &len, err)) {
		*failure = signer_key_diagnose(key);
		return err_while(err, "test signature");
	}
	*failure = MSG_FAILURE_KEY;
	if (!token_check_signature(certified, digest, text, (struct bytes){ signature, len }, err))
		return err_while(err, "test signature: must verify with the certificate's key");
	return true;
}

bool signer_prove(struct signer_key *key, EVP_PKEY *certified, enum tsp_digest digest,
	enum msg_failure *failure, struct err *err)
{
	*failure = MSG_FAILURE_KEY;
	if (!check_kind(certified, err))
		return false;
	if (key->public != NULL && EVP_PKEY_eq(key->public, certified) != 1)
		return err_set(err, "certificate: must be for this key: its public key is another");
	return probe(key, certified, digest, failure, err);
}
