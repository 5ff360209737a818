/*
 * Makes bad answers out of a good one: bytes flipped, and forgeries whose signature is right, since
 * the key of that unit is a file.  A verifier that accepts everything is noticed by them.  Nothing
 * changes its length, so every change is made in place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/decoders/case.h"
#include "tests/decoders/element.h"

enum {
	SHA256_LEN = 32,
	/* Elements by their place: TimeStampResp, SignedData, SignerInfo */
	TOKEN = 1,
	CONTENT = 2,
	CERTIFICATES = 3,
	SIGNER_INFOS = 4,
	SID = 1,
	ATTRIBUTES = 3,
	SIGNATURE = 5,
};

struct forger {
	const char *folder;
	struct test_case good; /* what is forged */
	struct buf answer;
	EVP_PKEY *key;
	/* Certificates of the same length, key, issuer and serial. */
	struct buf leaf;
	struct buf twin; /* another policy */
	struct buf coder; /* extendedKeyUsage codeSigning */
};

/* One copy of the answer, taken apart. */
struct answer {
	const struct forger *forger;
	struct buf der;
	struct element status;
	struct element info; /* content is the TSTInfo */
	struct element attributes;
	struct element sid;
	struct element signature;
};

/* --- finding ---------------------------------------------------------------------------------- */

static struct answer take_apart(const struct forger *forger)
{
	struct answer a = { .forger = forger };
	struct element whole;
	struct element data;
	struct element signer;

	buf_append(&a.der, buf_view(&forger->answer));
	whole = element_at(a.der.at, a.der.at + a.der.len);
	data = element_child(element_child(element_child(whole, TOKEN), 1), 0);
	signer = element_child(element_child(data, SIGNER_INFOS), 0);
	a.status = element_child(element_child(whole, 0), 0);
	a.info = element_child(element_child(element_child(data, CONTENT), 1), 0);
	a.sid = element_child(signer, SID);
	a.attributes = element_child(signer, ATTRIBUTES);
	a.signature = element_child(signer, SIGNATURE);
	return a;
}

/* The value of the attribute whose type ends with these octets. */
static struct element attribute(struct answer *a, struct bytes type)
{
	uint8_t *at = element_find(a->attributes, type);
	const uint8_t *end = a->attributes.at + a->attributes.head + a->attributes.len;

	return element_child(element_at(at + type.len, end), 0);
}

static struct element time_attribute(struct answer *a)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5 };

	return attribute(a, (struct bytes){ oid, sizeof(oid) });
}

static struct element protection_attribute(struct answer *a)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52 };

	return attribute(a, (struct bytes){ oid, sizeof(oid) });
}

static struct element digest_attribute(struct answer *a)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4 };

	return attribute(a, (struct bytes){ oid, sizeof(oid) });
}

static struct element type_attribute(struct answer *a)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3 };

	return attribute(a, (struct bytes){ oid, sizeof(oid) });
}

static struct element ess_attribute(struct answer *a)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47 };

	return element_child(element_child(attribute(a, (struct bytes){ oid, sizeof(oid) }), 0), 0);
}

/* --- signing ---------------------------------------------------------------------------------- */

static void digest_of(struct bytes of, uint8_t out[SHA256_LEN])
{
	if (EVP_Digest(of.at, of.len, out, NULL, EVP_sha256(), NULL) != 1)
		element_die("sha256 must work: does not");
}

static void sign_attributes(struct answer *a)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *at = a->attributes.at;
	uint8_t tag = *at;
	size_t len = a->signature.len;

	*at = 0x31; /* RFC 5652 5.4: signed as SET OF */
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, a->forger->key) != 1 ||
		EVP_DigestSign(ctx, a->signature.at + a->signature.head, &len, at,
			a->attributes.head + a->attributes.len) != 1 ||
		len != a->signature.len)
		element_die("the key must sign as the unit does: does not");
	*at = tag;
	EVP_MD_CTX_free(ctx);
}

/* As a TSU would: messageDigest, then the signature. */
static void sign(struct answer *a)
{
	struct element digest = digest_attribute(a);

	digest_of(
		(struct bytes){ a->info.at + a->info.head, a->info.len }, digest.at + digest.head);
	sign_attributes(a);
}

/* --- what is forged --------------------------------------------------------------------------- */

static uint8_t *imprint(struct answer *a)
{
	return element_last(element_child(element_child(element_child(a->info, 0), 2), 1));
}

static uint8_t *nonce(struct answer *a)
{
	struct buf query = case_file(a->forger->good.query);
	/* After version, messageImprint and reqPolicy. */
	struct element asked = element_child(element_at(query.at, query.at + query.len), 3);
	uint8_t *at = element_find(a->info, (struct bytes){ asked.at, asked.head + asked.len });

	at += asked.head + asked.len - 1;
	buf_free(&query);
	return at;
}

static void flip_imprint(struct answer *a)
{
	*imprint(a) ^= 1;
}

static void flip_nonce(struct answer *a)
{
	*nonce(a) ^= 1;
}

static void flip_serial(struct answer *a)
{
	*element_last(element_child(element_child(a->info, 0), 3)) ^= 1;
}

static void flip_time(struct answer *a)
{
	element_child(element_child(a->info, 0), 4).at[9] ^= 1; /* of the day */
}

static void flip_signature(struct answer *a)
{
	*element_last(a->signature) ^= 1;
}

static void flip_digest(struct answer *a)
{
	*element_last(digest_attribute(a)) ^= 1;
}

static void flip_ess(struct answer *a)
{
	*element_last(element_child(ess_attribute(a), 0)) ^= 1;
}

static void flip_signer(struct answer *a)
{
	*element_last(a->sid) ^= 1;
}

static void flip_certificate(struct answer *a)
{
	uint8_t *leaf = element_find(
		(struct element){ a->der.at, 0, a->der.len }, buf_view(&a->forger->leaf));

	leaf[a->forger->leaf.len - 1] ^= 1;
}

static void signed_imprint(struct answer *a)
{
	flip_imprint(a);
	sign(a);
}

static void signed_nonce(struct answer *a)
{
	flip_nonce(a);
	sign(a);
}

static void signed_policy(struct answer *a)
{
	*element_last(element_child(element_child(a->info, 0), 1)) ^= 1;
	sign(a);
}

static void signed_digest(struct answer *a)
{
	flip_digest(a);
	sign_attributes(a);
}

static void signed_ess(struct answer *a)
{
	flip_ess(a);
	sign(a);
}

static void signed_ess_serial(struct answer *a)
{
	*element_last(element_child(ess_attribute(a), 1)) ^= 1;
	sign(a);
}

static void signed_type(struct answer *a)
{
	*element_last(type_attribute(a)) ^= 1;
	sign(a);
}

static void signed_time(struct answer *a)
{
	element_last(time_attribute(a))[-1] ^= 1; /* of the second */
	sign(a);
}

static void signed_protection(struct answer *a)
{
	*element_last(element_child(element_child(protection_attribute(a), 0), 0)) ^= 2;
	sign(a);
}

/* The TSTInfo ends with tsa [0], and that with a name of the certificate's subject. */
static void signed_name(struct answer *a)
{
	*element_last(a->info) ^= 1;
	sign(a);
}

/* X.690 11.6: the first two attributes the other way round. */
static void signed_order(struct answer *a)
{
	struct element first = element_child(a->attributes, 0);
	struct element second = element_child(a->attributes, 1);
	size_t first_len = first.head + first.len;
	size_t second_len = second.head + second.len;
	uint8_t *copy = must_calloc(first_len, 1);

	memcpy(copy, first.at, first_len);
	memmove(first.at, second.at, second_len);
	memcpy(first.at + second_len, copy, first_len);
	free(copy);
	sign(a);
}

static void put_certificate(struct answer *a, const struct buf *other)
{
	uint8_t *leaf = element_find(
		(struct element){ a->der.at, 0, a->der.len }, buf_view(&a->forger->leaf));

	if (other->len != a->forger->leaf.len)
		element_die("certificates must have one length: have not");
	memcpy(leaf, other->at, other->len);
}

/* The certificate is another one of the same key, issuer and serial: ESSCertIDv2 is there for it.
 */
static void swap_certificate(struct answer *a)
{
	put_certificate(a, &a->forger->twin);
}

/* All is right but what the certificate is for. */
static void signed_purpose(struct answer *a)
{
	struct element hash = element_child(ess_attribute(a), 0);

	put_certificate(a, &a->forger->coder);
	digest_of(buf_view(&a->forger->coder), hash.at + hash.head);
	sign(a);
}

static void status_rejection(struct answer *a)
{
	*element_last(a->status) = 2;
}

static void trailing_byte(struct answer *a)
{
	buf_append(&a->der, (struct bytes){ (const uint8_t *)"", 1 });
}

/* X.690 10.1: 30 82 hh ll becomes 30 83 00 hh ll. */
static void long_length(struct answer *a)
{
	static const uint8_t longer[] = { 0x30, 0x83, 0x00 };
	struct buf der = { 0 };

	if (a->der.at[1] != 0x82)
		element_die("the good answer's length must have two octets: has not");
	buf_append(&der, (struct bytes){ longer, sizeof(longer) });
	buf_append(&der, (struct bytes){ a->der.at + 2, a->der.len - 2 });
	buf_free(&a->der);
	a->der = der;
}

static const struct forgery {
	const char *name;
	void (*make)(struct answer *a);
} forgeries[] = {
	{ "signed-as-it-was", sign }, /* the same bytes again: shows that the forger can sign */
	{ "flip-imprint", flip_imprint },
	{ "flip-nonce", flip_nonce },
	{ "flip-serial", flip_serial },
	{ "flip-time", flip_time },
	{ "flip-signature", flip_signature },
	{ "flip-digest", flip_digest },
	{ "flip-ess-hash", flip_ess },
	{ "flip-signer-id", flip_signer },
	{ "flip-certificate", flip_certificate },
	{ "swap-certificate", swap_certificate },
	{ "signed-imprint", signed_imprint },
	{ "signed-nonce", signed_nonce },
	{ "signed-policy", signed_policy },
	{ "signed-digest", signed_digest },
	{ "signed-ess-hash", signed_ess },
	{ "signed-ess-serial", signed_ess_serial },
	{ "signed-content-type", signed_type },
	{ "signed-signing-time", signed_time },
	{ "signed-protection", signed_protection },
	{ "signed-tsa-name", signed_name },
	{ "signed-order", signed_order },
	{ "signed-purpose", signed_purpose },
	{ "status-rejection", status_rejection },
	{ "trailing-byte", trailing_byte },
	{ "long-length", long_length },
};

/* --- files ------------------------------------------------------------------------------------ */

static struct buf certificate(const char *path)
{
	struct buf pem = case_file(path);
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *x509 = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int len = x509 == NULL ? -1 : i2d_X509(x509, &der);
	struct buf out = { 0 };

	if (len <= 0)
		element_die(path);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_free(x509);
	BIO_free(in);
	buf_free(&pem);
	return out;
}

static EVP_PKEY *private_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, NULL);

	if (key == NULL)
		element_die(path);
	fclose(file);
	return key;
}

/* Writes the answer and its case to standard output. */
static void write_forgery(const struct forger *forger, const struct forgery *forgery)
{
	const struct test_case *good = &forger->good;
	struct answer a = take_apart(forger);
	bool control = forgery == &forgeries[0];
	char path[512];
	FILE *file;

	forgery->make(&a);
	if (control != bytes_equal(buf_view(&a.der), buf_view(&forger->answer)))
		element_die(forgery->name);
	(void)snprintf(path, sizeof(path), "%s/%s.tsr", forger->folder, forgery->name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(a.der.at, 1, a.der.len, file) != a.der.len || fclose(file) != 0)
		element_die(path);
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s%s\n", forgery->name, good->query, path, good->root,
		good->chain, good->wants, control ? "" : "forged: ", forgery->name);
	buf_free(&a.der);
}

int main(int argc, char **argv)
{
	struct forger forger = { 0 };

	if (argc != 11) {
		fprintf(stderr,
			"usage: tsa-decoders-forge FOLDER QUERY ANSWER ROOT CHAIN WANTS KEY LEAF "
			"TWIN CODER\n");
		return 3;
	}
	forger.folder = argv[1];
	forger.good = (struct test_case){ .query = argv[2],
		.answer = argv[3],
		.root = argv[4],
		.chain = argv[5],
		.wants = argv[6] };
	forger.answer = case_file(argv[3]);
	forger.key = private_key(argv[7]);
	forger.leaf = certificate(argv[8]);
	forger.twin = certificate(argv[9]);
	forger.coder = certificate(argv[10]);
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		write_forgery(&forger, &forgeries[i]);
	buf_free(&forger.answer);
	buf_free(&forger.leaf);
	buf_free(&forger.twin);
	buf_free(&forger.coder);
	EVP_PKEY_free(forger.key);
	return 0;
}
