/* The token as a whole, and the values that all its parts have.  Owns nothing. */
#include "show_part.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "text.h"
#include "tsa/core/hex.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

json_t *show_dotted(const char *dotted)
{
	const char *name = oid_name(dotted);
	char text[OID_TEXT + 128];

	(void)snprintf(text, sizeof(text), name == NULL ? "%s" : "%s (%s)", dotted, name);
	return text_json(bytes_of_text(text));
}

json_t *show_oid(const struct ber_node *node)
{
	char dotted[OID_TEXT];

	if (node == NULL || node->tag != DER_OID)
		return json_null();
	oid_text(node->content, dotted);
	return show_dotted(dotted);
}

json_t *show_algorithm(const struct ber *tree, const struct ber_node *algorithm)
{
	return show_oid(token_algorithm(tree, algorithm));
}

json_t *show_serial(struct bytes content)
{
	bool is_negative = content.len > 0 && (content.at[0] & 0x80) != 0;
	BIGNUM *number = BN_bin2bn(content.at, (int)content.len, NULL);
	BIGNUM *whole = BN_new();
	char *hex;
	char *text;
	json_t *shown;

	/* Two's complement: what is negative is short of 256^len. */
	if (number == NULL || whole == NULL ||
		(is_negative && (BN_lshift(whole, BN_value_one(), 8 * (int)content.len) != 1 ||
					BN_sub(number, whole, number) != 1)) ||
		(hex = BN_bn2hex(number)) == NULL)
		abort();
	text = must_calloc(strlen(hex) + 4, 1);
	(void)snprintf(text, strlen(hex) + 4, "%s0x%s", is_negative ? "-" : "", hex);
	shown = text_json(bytes_of_text(text));
	free(text);
	OPENSSL_free(hex);
	BN_free(whole);
	BN_free(number);
	return shown;
}

json_t *show_integer(const struct ber_node *node)
{
	int64_t number;

	if (node == NULL)
		return json_null();
	return ber_number(node->content, &number) ? json_integer(number)
						  : show_serial(node->content);
}

json_t *show_moment(const struct moment *moment)
{
	char text[MOMENT_TEXT];

	moment_text(moment, text);
	return text_json(bytes_of_text(text));
}

/* What print wrote into a memory BIO. */
static json_t *of_bio(BIO *bio)
{
	char *at = NULL;
	long len = BIO_get_mem_data(bio, &at);

	return text_json((struct bytes){ (const uint8_t *)at, len > 0 ? (size_t)len : 0 });
}

json_t *show_name(struct bytes der)
{
	const uint8_t *at = der.at;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.len);
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *shown;

	if (bio == NULL)
		abort();
	if (name == NULL ||
		X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0)
		shown = json_string("malformed");
	else
		shown = of_bio(bio);
	BIO_free(bio);
	X509_NAME_free(name);
	return shown;
}

json_t *show_general_name(struct bytes der)
{
	const uint8_t *at = der.at;
	GENERAL_NAME *name = d2i_GENERAL_NAME(NULL, &at, (long)der.len);
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *shown;

	if (bio == NULL)
		abort();
	if (name == NULL || GENERAL_NAME_print(bio, name) != 1)
		shown = json_string("malformed");
	else
		shown = of_bio(bio);
	BIO_free(bio);
	GENERAL_NAME_free(name);
	return shown;
}

static json_t *show_sha256(struct bytes bytes)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(bytes.at, bytes.len, digest, &len, EVP_sha256(), NULL) != 1)
		abort();
	return text_hex((struct bytes){ digest, len });
}

static json_t *show_algorithms(const struct ber *tree, const struct ber_node *set)
{
	struct ber_walk walk = ber_inside(tree, set);
	json_t *all = json_array();

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		text_add(all, show_algorithm(tree, node));
	return all;
}

static json_t *show_signed_data(const struct token_file *file, const struct signer *signer)
{
	const struct cms_part *cms = &file->cms;
	struct ber_walk crls = ber_inside(&file->tree, cms->crls);
	json_t *data = json_object();
	json_int_t count = 0;

	text_set(data, "contentType", show_oid(cms->type));
	if (!cms->decoded) {
		text_set(data, "broken", text_json(bytes_of_text(cms->broken.text)));
		return data;
	}
	while (ber_next(&crls) != NULL)
		count++;
	text_set(data, "version", show_integer(cms->version));
	text_set(data, "digestAlgorithms", show_algorithms(&file->tree, cms->digest_algorithms));
	text_set(data, "eContentType", show_oid(cms->content_type));
	text_set(data, "certificates", show_certificates(file, signer));
	text_set(data, "crls", json_integer(count));
	text_set(data, "signerInfos", json_integer(cms->signer_count));
	if (cms->has_signer)
		text_set(data, "signer", show_signer(file, signer));
	return data;
}

static json_t *show_kind(const struct token_file *file)
{
	static const char *const kinds[] = {
		[TOKEN_NEITHER] = "neither TimeStampResp nor TimeStampToken",
		[TOKEN_RESPONSE] = "TimeStampResp",
		[TOKEN_BARE] = "TimeStampToken",
	};

	return json_string(kinds[file->kind]);
}

json_t *show(const struct token_file *file, const struct signer *signer)
{
	struct ber_flaws flaws = { 0 };
	json_t *all = json_object();

	if (all == NULL)
		abort();
	text_set(all, "kind", show_kind(file));
	if (file->kind == TOKEN_NEITHER) {
		text_set(all, "broken", text_json(bytes_of_text(file->broken.text)));
		return all;
	}
	ber_strict(&file->tree, 0, (uint32_t)file->tree.count, &flaws);
	text_set(all, "encoding", json_string(flaws.count == 0 ? "DER" : "BER"));
	if (file->tree.rest.len > 0)
		text_set(all, "bytesBehind", json_integer((json_int_t)file->tree.rest.len));
	if (file->kind == TOKEN_RESPONSE)
		text_set(all, "reply", show_reply(file));
	if (file->cms.whole == NULL)
		return all;
	text_set(all, "sha256", show_sha256(file->cms.whole->whole));
	if (file->cms.decoded && file->cms.content_node != NULL)
		text_set(all, "tstInfo", show_tst(&file->tst));
	text_set(all, "signedData", show_signed_data(file, signer));
	return all;
}
