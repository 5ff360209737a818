/* Owns nothing. The signature is checked by libcrypto's code for signed ASN.1 values. */
#include "signer_info.h"

#include <stdlib.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "signature.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

bool signer_info_read(const struct ber *tree, const struct ber_node *node, struct signer_part *part)
{
	struct ber_walk walk = ber_inside(tree, node);

	*part = (struct signer_part){ .version = ber_take(&walk, DER_INTEGER) };
	part->sid = ber_peek(&walk);
	if (part->sid != NULL && (part->sid->tag & ~BER_CONSTRUCTED) == DER_CONTEXT)
		(void)ber_next(&walk);
	else
		part->sid = ber_take(&walk, DER_SEQUENCE);
	part->digest_algorithm = ber_take(&walk, DER_SEQUENCE);
	part->signed_attrs = ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED);
	part->signature_algorithm = ber_take(&walk, DER_SEQUENCE);
	part->signature = ber_take_if(&walk, DER_OCTET_STRING | BER_CONSTRUCTED);
	if (part->signature == NULL)
		part->signature = ber_take(&walk, DER_OCTET_STRING);
	part->unsigned_attrs = ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED | 1);
	return ber_finished(&walk);
}

static bool key_id_is(const struct ber_node *sid, X509 *certificate)
{
	const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(certificate);

	return key_id != NULL &&
	       bytes_equal(sid->content, (struct bytes){ ASN1_STRING_get0_data(key_id),
						 (size_t)ASN1_STRING_length(key_id) });
}

bool signer_info_names(const struct ber *tree, const struct signer_part *part, X509 *certificate)
{
	const struct ber_node *name, *serial;
	const uint8_t *name_at, *serial_at;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *number;
	struct ber_walk walk;
	bool is = false;

	if (part->sid->tag == DER_CONTEXT)
		return key_id_is(part->sid, certificate);
	walk = ber_inside(tree, part->sid);
	name = ber_take(&walk, DER_SEQUENCE);
	serial = ber_take(&walk, DER_INTEGER);
	if (!ber_finished(&walk))
		return false;
	serial_at = serial->whole.at;
	number = d2i_ASN1_INTEGER(NULL, &serial_at, (long)serial->whole.len);
	if (number != NULL && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(certificate)) == 0) {
		name_at = name->whole.at;
		issuer = d2i_X509_NAME(NULL, &name_at, (long)name->whole.len);
		is = issuer != NULL &&
		     X509_NAME_cmp(issuer, X509_get_issuer_name(certificate)) == 0;
	}
	X509_NAME_free(issuer);
	ASN1_INTEGER_free(number);
	ERR_clear_error();
	return is;
}

int signer_info_digest(const struct ber *tree, const struct signer_part *part)
{
	return oid_nid(token_algorithm(tree, part->digest_algorithm));
}

int signer_info_scheme(const struct ber *tree, const struct signer_part *part)
{
	return oid_nid(token_algorithm(tree, part->signature_algorithm));
}

/* RFC 5652 5.4: attributes are signed as a SET OF with its own tag and in DER. */
static void attributes_as_signed(const struct ber_node *attrs, struct buf *out)
{
	int size = ASN1_object_size(1, (int)attrs->content.len, V_ASN1_SET);
	uint8_t *room = must_calloc((size_t)size, 1);
	uint8_t *at = room;

	ASN1_put_object(&at, 1, (int)attrs->content.len, V_ASN1_SET, V_ASN1_UNIVERSAL);
	buf_append(out, (struct bytes){ room, (size_t)(at - room) });
	buf_append(out, attrs->content);
	free(room);
}

/* NULL and why unless digest and scheme are known and belong to each other and the key. */
static X509_ALGOR *scheme_of(
	const struct ber *tree, const struct signer_part *part, EVP_PKEY *key, struct err *why)
{
	const struct ber_node *node = part->signature_algorithm;
	const uint8_t *at = node->whole.at;
	int scheme = signer_info_scheme(tree, part);
	int digest = signer_info_digest(tree, part);
	int named = NID_undef, key_type = NID_undef;
	X509_ALGOR *algorithm = NULL;

	if (OBJ_find_sigid_algs(scheme, &named, &key_type) == 1) {
		algorithm = d2i_X509_ALGOR(NULL, &at, (long)node->whole.len);
		if (scheme == NID_rsassaPss)
			named = algorithm == NULL ? NID_undef : signature_pss_digest(algorithm);
		if (algorithm == NULL ||
			(named != digest && (named != NID_undef || scheme == NID_rsassaPss))) {
			err_set(why, "digestAlgorithm and signatureAlgorithm contradict");
			X509_ALGOR_free(algorithm);
			return NULL;
		}
		return algorithm;
	}
	/* PKCS #1 and #7 name the key alone: rsaEncryption. */
	if (OBJ_find_sigid_by_algs(&scheme, digest, EVP_PKEY_get_base_id(key)) != 1) {
		err_set(why, "digest or signature algorithm is not known");
		return NULL;
	}
	algorithm = X509_ALGOR_new();
	if (algorithm == NULL ||
		X509_ALGOR_set0(algorithm, OBJ_nid2obj(scheme),
			EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF,
			NULL) != 1)
		abort();
	return algorithm;
}

/*
 * VeriSign's time-stamps of 2003 to 2012 have the MD5 or SHA-1 digest alone under PKCS #1 padding,
 * without the DigestInfo that says which. Windows takes them; nothing newer is taken so.
 */
static bool is_bare_digest(EVP_PKEY *key, int scheme, struct bytes value, struct bytes octets)
{
	const EVP_MD *md = scheme == NID_md5WithRSAEncryption    ? EVP_md5()
			   : scheme == NID_sha1WithRSAEncryption ? EVP_sha1()
								 : NULL;
	EVP_PKEY_CTX *ctx = md == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint8_t *recovered = must_calloc((size_t)EVP_PKEY_get_size(key) + 1, 1);
	size_t recovered_len = (size_t)EVP_PKEY_get_size(key);
	unsigned len = 0;
	bool is =
		ctx != NULL && EVP_PKEY_verify_recover_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		EVP_PKEY_verify_recover(ctx, recovered, &recovered_len, value.at, value.len) == 1 &&
		EVP_Digest(octets.at, octets.len, digest, &len, md, NULL) == 1 &&
		bytes_equal(
			(struct bytes){ recovered, recovered_len }, (struct bytes){ digest, len });

	free(recovered);
	EVP_PKEY_CTX_free(ctx);
	return is;
}

/* The signature value over octets, whatever these are. */
static bool signed_by_key(const struct ber *tree, const struct signer_part *part, EVP_PKEY *key,
	struct bytes octets, struct err *why)
{
	X509_ALGOR *algorithm = scheme_of(tree, part, key, why);
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	ASN1_STRING *raw = ASN1_STRING_new();
	ASN1_TYPE data = { .type = V_ASN1_SEQUENCE }; /* its DER goes in as it stands */
	struct buf value = { 0 };
	bool ok = algorithm != NULL;

	if (signature == NULL || raw == NULL)
		abort();
	if (ok && !ber_octets(tree, part->signature, &value))
		ok = err_set(why, "the signature value is malformed");
	if (ok) {
		data.value.sequence = raw;
		if (ASN1_STRING_set(raw, octets.at, (int)octets.len) != 1 ||
			ASN1_STRING_set(signature, value.at, (int)value.len) != 1)
			abort();
		signature->flags |= ASN1_STRING_FLAG_BITS_LEFT; /* no unused bits */
		ok = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, &data, key) ==
			     1 ||
		     is_bare_digest(
			     key, OBJ_obj2nid(algorithm->algorithm), buf_view(&value), octets) ||
		     err_set(why, "the signature is not by this certificate's key");
	}
	buf_free(&value);
	ASN1_STRING_free(raw);
	ASN1_BIT_STRING_free(signature);
	X509_ALGOR_free(algorithm);
	ERR_clear_error();
	return ok;
}

/* RFC 5652 11.2 */
static bool digest_matches(const struct ber *tree, const struct signer_part *part,
	struct bytes content, struct err *why)
{
	const struct ber_node *said =
		token_attribute_value(tree, part->signed_attrs, OID_MESSAGE_DIGEST);
	const EVP_MD *digest = EVP_get_digestbynid(signer_info_digest(tree, part));
	uint8_t made[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (said == NULL || said->tag != DER_OCTET_STRING)
		return err_set(why, "RFC 5652 11.2: there must be one messageDigest: is not");
	if (content.at == NULL)
		return true;
	if (digest == NULL)
		return err_set(why, "the digest algorithm is not known");
	if (EVP_Digest(content.at, content.len, made, &len, digest, NULL) != 1)
		return err_set(why, "the digest cannot be computed");
	return bytes_equal(said->content, (struct bytes){ made, len }) ||
	       err_set(why, "messageDigest is not the digest of the content");
}

enum signer_info_result signer_info_verify(const struct ber *tree, const struct signer_part *part,
	X509 *certificate, struct bytes content, struct err *why)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	struct buf attributes = { 0 };
	bool good;

	ERR_clear_error();
	if (key == NULL) {
		err_set(why, "the certificate's key cannot be read");
		return SIGNER_INFO_UNKNOWN;
	}
	if (part->signed_attrs == NULL && content.at == NULL) {
		err_set(why, "there are no signed attributes and the content is not in it");
		return SIGNER_INFO_UNKNOWN;
	}
	if (part->signed_attrs == NULL)
		return signed_by_key(tree, part, key, content, why) ? SIGNER_INFO_GOOD
								    : SIGNER_INFO_BAD;
	if (!digest_matches(tree, part, content, why))
		return SIGNER_INFO_OTHER_CONTENT;
	attributes_as_signed(part->signed_attrs, &attributes);
	good = signed_by_key(tree, part, key, buf_view(&attributes), why);
	buf_free(&attributes);
	if (!good)
		return SIGNER_INFO_BAD;
	return content.at == NULL ? SIGNER_INFO_GOOD_ATTRIBUTES : SIGNER_INFO_GOOD;
}
