/* PKCS #9 countersignatures, put together by the test's own encoder and signed by EVP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "make_certificate.h"
#include "tsa/token/check/countersignature.h"

enum { BEGAN = 1700000000, EXPIRES = 1900000000, AT = 1850000000 };

static const char covered[] = "the octets of a signature";

struct world {
	EVP_PKEY *root_key;
	EVP_PKEY *key;
	X509 *root;
	X509 *signer;
	struct material_cache *cache;
	struct algorithms *algorithms;
	struct checked *checked;
};

/* What may be wrong. */
struct made_of {
	const char *over; /* NULL: covered */
	const char *time; /* UTCTime; NULL: none */
	bool twice; /* signingTime */
	bool bent; /* the signature value */
	bool empty; /* no signed attributes */
	X509 *signer; /* NULL: the world's */
	EVP_PKEY *rsa; /* signs digest alone, without DigestInfo; NULL: the world's key signs */
	const EVP_MD *digest; /* with rsa: digestAlgorithm */
	const EVP_MD *pss; /* with rsa: signs by RSASSA-PSS with this digest instead */
};

static struct buf wrapped(int tag, int class, struct buf content)
{
	int size = ASN1_object_size(1, (int)content.len, tag);
	uint8_t *room = must_calloc((size_t)size, 1), *at = room;
	struct buf out = { 0 };

	ASN1_put_object(&at,
		class != V_ASN1_UNIVERSAL || tag == V_ASN1_SEQUENCE || tag == V_ASN1_SET,
		(int)content.len, tag, class);
	buf_append(&out, (struct bytes){ room, (size_t)(at - room) });
	if (content.len > 0)
		buf_append(&out, buf_view(&content));
	free(room);
	buf_free(&content);
	return out;
}

static void add(struct buf *out, struct buf more)
{
	buf_append(out, buf_view(&more));
	buf_free(&more);
}

static struct buf of(int tag, const void *at, size_t len)
{
	struct buf content = { 0 };

	buf_append(&content, (struct bytes){ at, len });
	return wrapped(tag, V_ASN1_UNIVERSAL, content);
}

static struct buf oid(const char *dotted)
{
	ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);
	struct buf out = of(V_ASN1_OBJECT, OBJ_get0_data(object), OBJ_length(object));

	ASN1_OBJECT_free(object);
	return out;
}

static struct buf attribute(const char *type, struct buf value)
{
	struct buf content = oid(type);

	add(&content, wrapped(V_ASN1_SET, V_ASN1_UNIVERSAL, value));
	return wrapped(V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, content);
}

static struct buf algorithm(const char *dotted)
{
	return wrapped(V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, oid(dotted));
}

/* issuerAndSerialNumber */
static struct buf sid_of(X509 *certificate)
{
	unsigned char *name = NULL, *serial = NULL;
	int name_len = i2d_X509_NAME(X509_get_issuer_name(certificate), &name);
	int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
	struct buf content = { 0 };

	buf_append(&content, (struct bytes){ name, (size_t)name_len });
	buf_append(&content, (struct bytes){ serial, (size_t)serial_len });
	OPENSSL_free(name);
	OPENSSL_free(serial);
	return wrapped(V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, content);
}

/* Attributes in the order of their DER: signingTime is the shorter one. */
static struct buf attributes_of(const struct made_of *how)
{
	const char *over = how->over == NULL ? covered : how->over;
	uint8_t digest[32];
	unsigned len = 0;
	struct buf out = { 0 };

	assert_int_equal(EVP_Digest(over, strlen(over), digest, &len,
				 how->rsa == NULL ? EVP_sha256() : how->digest, NULL),
		1);
	for (int i = 0; how->time != NULL && i < (how->twice ? 2 : 1); i++)
		add(&out, attribute("1.2.840.113549.1.9.5",
				  of(V_ASN1_UTCTIME, how->time, strlen(how->time))));
	add(&out, attribute("1.2.840.113549.1.9.4", of(V_ASN1_OCTET_STRING, digest, len)));
	return out;
}

static struct buf signature_of(EVP_PKEY *key, struct bytes octets, bool bent)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t room[512];
	size_t len = sizeof(room);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, room, &len, octets.at, octets.len), 1);
	EVP_MD_CTX_free(ctx);
	room[len - 1] ^= bent ? 1 : 0;
	return of(V_ASN1_OCTET_STRING, room, len);
}

/* PKCS #1 padding around the digest itself. */
static struct buf bare_signature_of(const struct made_of *how, struct bytes octets)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(how->rsa, NULL);
	uint8_t digest[EVP_MAX_MD_SIZE], room[512];
	size_t room_len = sizeof(room);
	unsigned len = 0;

	assert_int_equal(EVP_Digest(octets.at, octets.len, digest, &len, how->digest, NULL), 1);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, room, &room_len, digest, len), 1);
	EVP_PKEY_CTX_free(ctx);
	return of(V_ASN1_OCTET_STRING, room, room_len);
}

/* signatureAlgorithm with its parameters, and the signature. */
static void add_pss(struct buf *out, const struct made_of *how, struct bytes octets)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;
	uint8_t room[512], identifier[256];
	size_t len = sizeof(room);
	OSSL_PARAM params[] = { OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID,
					identifier, sizeof(identifier)),
		OSSL_PARAM_END };

	assert_int_equal(EVP_DigestSignInit(ctx, &key, how->pss, NULL, how->rsa), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_PKEY_CTX_get_params(key, params), 1);
	assert_int_equal(EVP_DigestSign(ctx, room, &len, octets.at, octets.len), 1);
	EVP_MD_CTX_free(ctx);
	buf_append(out, (struct bytes){ identifier, params[0].return_size });
	add(out, of(V_ASN1_OCTET_STRING, room, len));
}

static struct buf digest_oid(const struct made_of *how)
{
	char dotted[64];

	(void)OBJ_obj2txt(dotted, sizeof(dotted),
		OBJ_nid2obj(how->rsa == NULL ? NID_sha256 : EVP_MD_get_type(how->digest)), 1);
	return algorithm(dotted);
}

static struct buf countersignature(const struct world *world, const struct made_of *how)
{
	static const uint8_t version[] = { 1 };
	struct buf content = of(V_ASN1_INTEGER, version, 1), attributes = attributes_of(how);
	struct buf signed_set = { 0 };

	buf_append(&signed_set, buf_view(&attributes));
	signed_set = wrapped(V_ASN1_SET, V_ASN1_UNIVERSAL, signed_set);
	add(&content, sid_of(how->signer == NULL ? world->signer : how->signer));
	add(&content, digest_oid(how));
	if (how->empty)
		buf_free(&attributes);
	else
		add(&content, wrapped(0, V_ASN1_CONTEXT_SPECIFIC, attributes));
	if (how->pss != NULL) {
		add_pss(&content, how, buf_view(&signed_set));
	} else if (how->rsa != NULL) {
		add(&content, algorithm("1.2.840.113549.1.1.1"));
		add(&content, bare_signature_of(how, buf_view(&signed_set)));
	} else {
		add(&content, algorithm("1.2.840.10045.4.3.2"));
		add(&content, signature_of(world->key, buf_view(&signed_set), how->bent));
	}
	buf_free(&signed_set);
	return wrapped(V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, content);
}

static X509 *make_signer(const struct world *world, EVP_PKEY *key, const char *usage)
{
	return make_certificate(&(struct make_certificate){ .common_name = "Time-stamping",
		.key = key,
		.issuer = world->root,
		.issuer_key = world->root_key,
		.not_before = BEGAN,
		.not_after = EXPIRES,
		.extensions = { { "keyUsage", "critical,digitalSignature" },
			{ "extendedKeyUsage", usage } } });
}

static int set_up(void **state)
{
	struct world *world = must_calloc(1, sizeof(*world));

	world->root_key = make_key("P-256", 0);
	world->key = make_key("P-256", 0);
	world->root = make_certificate(&(struct make_certificate){ .common_name = "Root",
		.key = world->root_key,
		.not_before = BEGAN,
		.not_after = EXPIRES,
		.extensions = { { "basicConstraints", "critical,CA:TRUE" },
			{ "keyUsage", "critical,keyCertSign,cRLSign" } } });
	world->signer = make_signer(world, world->key, "critical,timeStamping");
	world->cache = material_cache_new();
	world->algorithms = algorithms_default();
	world->checked = must_calloc(1, sizeof(*world->checked));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	free(world->checked);
	algorithms_free(world->algorithms);
	material_cache_free(world->cache);
	X509_free(world->signer);
	X509_free(world->root);
	EVP_PKEY_free(world->key);
	EVP_PKEY_free(world->root_key);
	free(world);
	return 0;
}

static void add_certificate(struct material *material, X509 *certificate, bool anchor)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	struct bytes octets = { der, (size_t)len };
	struct err err = { 0 };

	assert_true(anchor ? material_add_anchor(material, octets, "test", &err)
			   : material_add(material, MATERIAL_CERTIFICATE, FROM_TOKEN, octets,
				     "test", NULL, &err));
	OPENSSL_free(der);
}

/* Frees octets. The verdict stays in world->checked. */
static const struct verdict *check(
	const struct world *world, struct buf octets, X509 *signer, enum check_model model)
{
	const struct check_policy policy = {
		.model = model, .at = AT, .algorithms = world->algorithms
	};
	struct material *material = material_new(world->cache, NULL);

	add_certificate(material, world->root, true);
	if (signer != NULL)
		add_certificate(material, signer, false);
	countersignature_check(
		buf_view(&octets), bytes_of_text(covered), &policy, material, world->checked);
	checked_wipe(world->checked);
	material_free(material);
	buf_free(&octets);
	return &world->checked->verdict;
}

static void expect(const struct world *world, const struct made_of *how, enum check_sub sub)
{
	const struct verdict *verdict =
		check(world, countersignature(world, how), world->signer, MODEL_PAST);

	if (verdict->sub != sub)
		fail_msg("wanted %s: %s: %s", check_sub_name(sub), check_sub_name(verdict->sub),
			verdict->why);
}

static void proves_its_signing_time(void **state)
{
	const struct made_of how = { .time = "270115080000Z" };
	const struct world *world = *state;

	for (int model = MODEL_CURRENT; model <= MODEL_GENTIME; model++) {
		const struct verdict *verdict = check(world, countersignature(world, &how),
			world->signer, (enum check_model)model);

		if (verdict->status != CHECK_PASSED)
			fail_msg("%s", verdict->why);
		assert_true(world->checked->proved);
		assert_int_equal(world->checked->time_proven, 1800000000);
		/* It is told that it is no token. */
		assert_string_equal(verdict->lines[0].id, "CS-01");
		assert_int_equal(verdict->lines[0].result, CHECK_WARN);
	}
}

static void is_over_the_octets_of_the_signature(void **state)
{
	expect(*state, &(struct made_of){ .time = "270115080000Z", .over = "another" },
		SUB_HASH_FAILURE);
}

static void is_by_its_signers_key(void **state)
{
	expect(*state, &(struct made_of){ .time = "270115080000Z", .bent = true },
		SUB_SIG_CRYPTO_FAILURE);
}

/* RFC 5652 11.3: without it, or with two, nothing says when. */
static void has_one_signing_time_that_is_signed(void **state)
{
	expect(*state, &(struct made_of){ .time = NULL }, SUB_FORMAT_FAILURE);
	expect(*state, &(struct made_of){ .time = "270115080000Z", .twice = true },
		SUB_FORMAT_FAILURE);
	expect(*state, &(struct made_of){ .time = "yesterday" }, SUB_FORMAT_FAILURE);
	expect(*state, &(struct made_of){ .time = "270115080000Z", .empty = true },
		SUB_FORMAT_FAILURE);
}

static void its_time_is_within_the_certificate(void **state)
{
	expect(*state, &(struct made_of){ .time = "200115080000Z" }, SUB_NOT_YET_VALID);
}

static void its_certificate_is_for_time_stamping(void **state)
{
	const struct world *world = *state;
	X509 *signer = make_signer(world, world->key, "critical,codeSigning");
	const struct made_of how = { .time = "270115080000Z", .signer = signer };
	const struct verdict *verdict =
		check(world, countersignature(world, &how), signer, MODEL_PAST);

	assert_int_equal(verdict->status, CHECK_FAILED);
	assert_int_equal(verdict->sub, SUB_CHAIN_CONSTRAINTS_FAILURE);
	X509_free(signer);
}

static void its_certificate_may_be_missing(void **state)
{
	const struct made_of how = { .time = "270115080000Z" };
	const struct world *world = *state;
	const struct verdict *verdict =
		check(world, countersignature(world, &how), NULL, MODEL_PAST);

	assert_int_equal(verdict->sub, SUB_NO_SIGNING_CERTIFICATE_FOUND);
	assert_int_equal(verdict->need_count, 1);
}

/* As VeriSign had it: genuine, and dead for its algorithm. Of a digest that is alive, no signature.
 */
static void may_lack_its_digest_info_if_it_is_old(void **state)
{
	const struct world *world = *state;
	EVP_PKEY *rsa = make_key("rsa", 2048);
	X509 *signer = make_signer(world, rsa, "critical,timeStamping");
	struct made_of how = {
		.time = "270115080000Z", .signer = signer, .rsa = rsa, .digest = EVP_sha1()
	};

	assert_int_equal(check(world, countersignature(world, &how), signer, MODEL_PAST)->sub,
		SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE);
	how.digest = EVP_sha256();
	assert_int_equal(check(world, countersignature(world, &how), signer, MODEL_PAST)->sub,
		SUB_SIG_CRYPTO_FAILURE);
	X509_free(signer);
	EVP_PKEY_free(rsa);
}

/* A weak digest in the parameters of RSASSA-PSS does not hide behind digestAlgorithm. */
static void has_one_digest_in_both_algorithms(void **state)
{
	const struct world *world = *state;
	EVP_PKEY *rsa = make_key("rsa", 2048);
	X509 *signer = make_signer(world, rsa, "critical,timeStamping");
	struct made_of how = { .time = "270115080000Z",
		.signer = signer,
		.rsa = rsa,
		.digest = EVP_sha256(),
		.pss = EVP_sha256() };

	assert_int_equal(check(world, countersignature(world, &how), signer, MODEL_PAST)->status,
		CHECK_PASSED);
	how.pss = EVP_sha1();
	assert_int_equal(check(world, countersignature(world, &how), signer, MODEL_PAST)->sub,
		SUB_SIG_CRYPTO_FAILURE);
	X509_free(signer);
	EVP_PKEY_free(rsa);
}

static void ends_wherever_it_is_cut(void **state)
{
	const struct made_of how = { .time = "270115080000Z" };
	const struct world *world = *state;
	struct buf whole = countersignature(world, &how);

	for (size_t len = 0; len < whole.len; len++) {
		struct buf cut = { 0 };

		if (len > 0)
			buf_append(&cut, (struct bytes){ whole.at, len });
		assert_int_equal(
			check(world, cut, world->signer, MODEL_PAST)->sub, SUB_FORMAT_FAILURE);
	}
	buf_append(&whole, bytes_of_text("x"));
	assert_int_equal(check(world, whole, world->signer, MODEL_PAST)->sub, SUB_FORMAT_FAILURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proves_its_signing_time),
		cmocka_unit_test(is_over_the_octets_of_the_signature),
		cmocka_unit_test(is_by_its_signers_key),
		cmocka_unit_test(has_one_signing_time_that_is_signed),
		cmocka_unit_test(its_time_is_within_the_certificate),
		cmocka_unit_test(its_certificate_is_for_time_stamping),
		cmocka_unit_test(its_certificate_may_be_missing),
		cmocka_unit_test(may_lack_its_digest_info_if_it_is_old),
		cmocka_unit_test(has_one_digest_in_both_algorithms),
		cmocka_unit_test(ends_wherever_it_is_cut),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
