/*
 * tsa-stamp's judgement of who signed a token, and of what is signed.  Where OpenSSL's TSA would
 * not make a token, the service's own encoder does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "stamp_fixture.h"
#include "tsa/tsp/reply.h"

static void takes_a_token_without_certificates_if_it_has_the_signer(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(false);
	struct buf answer = answer_to(f, &query, &none);
	struct stamp_rules rules = trusting(f);

	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "must be in --untrusted");
	rules.untrusted = sk_X509_new_null();
	assert_true(sk_X509_push(rules.untrusted, f->ca) > 0);
	assert_true(sk_X509_push(rules.untrusted, f->rsa) > 0);
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_GRANTED, "");
	/* P-10: the other way round neither will do */
	query.cert_req = true;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "certReq was set");
	buf_free(&answer);
	answer = answer_to(f, &query, &none);
	query.cert_req = false;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "certReq was not set");
	buf_free(&answer);
	sk_X509_free(rules.untrusted);
	X509_STORE_free(rules.trust);
}

static void refuses_a_signature_over_a_weak_digest(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk weak = { .digest = EVP_md5() };
	struct buf answer = answer_to(f, &query, &weak);

	assert_invalid(f, &query, buf_view(&answer), "digestAlgorithm must be SHA-1 or stronger");
	buf_free(&answer);
}

static void refuses_another_anchor(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *other = make(key, "Root", NULL, NULL, NULL, "critical,CA:TRUE");
	struct stamp_rules rules = { .trust = X509_STORE_new(), .now = time(NULL) };

	assert_int_equal(X509_STORE_add_cert(rules.trust, other), 1);
	assert_verdict(
		&query, buf_view(&answer), &rules, STAMP_INVALID, "chain: must end at --trust");
	X509_STORE_free(rules.trust);
	rules.trust = NULL;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_GRANTED, "");
	X509_free(other);
	EVP_PKEY_free(key);
	buf_free(&answer);
}

/* A token of the service's own encoder, which makes what OpenSSL would not. */
struct own {
	X509 *signer; /* NULL: the fixture's P-256 TSU */
	const uint8_t *in_attrs; /* of this, in the signed attributes, the last byte is flipped */
	size_t in_attrs_len;
	bool trailing; /* a byte after the TSTInfo, within what is signed */
	const struct token_kind *kind; /* NULL: the usual one */
	X509 *named; /* whose subject tsa is; NULL: the signer's */
};

static const struct token_kind *kind_of(const struct own *own)
{
	return own->kind == NULL ? &usual_kind : own->kind;
}

static struct bytes own_tstinfo(const struct stamp_query *query, const struct own *own,
	const struct token_parts *named, uint8_t *room, size_t cap)
{
	static const uint8_t serial[] = { 1, 2, 3, 4 };
	const struct token_kind *kind = kind_of(own);
	const struct tsp_tstinfo info = {
		.policy = query->policy,
		.digest = query->digest,
		.null_params = true,
		.imprint = { query->imprint, tsp_digest_len(query->digest) },
		.serial = { serial, sizeof(serial) },
		.time_us = tsp_time_cut((uint64_t)time(NULL) * 1000000 + 120004, kind->digits),
		.digits = kind->digits,
		.nonce = { query->nonce, sizeof(query->nonce) },
		.tsa_name = kind->tsa_name ? token_parts_tsa_name(named) : (struct bytes){ 0 },
		.qualified = kind->qualified,
	};
	struct bytes der = tsp_tstinfo_encode(&info, room, cap - 1);

	assert_true(der.len > 0);
	room[cap - 1] = 0;
	if (own->trailing)
		der.len++;
	return der;
}

static struct buf own_answer(
	const struct fixture *f, const struct stamp_query *query, const struct own *own)
{
	X509 *signer = own->signer == NULL ? f->p256 : own->signer;
	uint8_t info_room[TSP_MAX_TSTINFO], attrs_room[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature[TOKEN_MAX_SIGNATURE], room[ROOM], reply_room[ROOM];
	struct err err = { 0 };
	struct token_parts *parts =
		parts_with(signer, f->ca, TSP_SHA256, kind_of(own)->options, &err);
	struct token_parts *named =
		parts_of(own->named == NULL ? signer : own->named, NULL, TSP_SHA256, &err);
	struct bytes info = own_tstinfo(query, own, named, info_room, sizeof(info_room));
	struct bytes attrs;
	struct buf out = { 0 };
	size_t len;

	assert_true(token_signed_attrs(parts, info, attrs_room, sizeof(attrs_room), &attrs, &err));
	if (own->in_attrs != NULL) {
		uint8_t *at = memmem(attrs.at, attrs.len, own->in_attrs, own->in_attrs_len);

		assert_non_null(at);
		at[own->in_attrs_len - 1] ^= 1;
	}
	assert_true(token_sign(f->p256_key, TSP_SHA256, attrs, signature, &len, &err));
	buf_append(
		&out, tsp_reply_granted(token_encode(parts, info, attrs,
						(struct bytes){ signature, len }, true, room, ROOM),
			      reply_room, ROOM));
	assert_true(out.len > 0);
	token_parts_free(parts);
	token_parts_free(named);
	return out;
}

static void assert_own(const struct fixture *f, const struct own *own, const char *says)
{
	struct stamp_query query = ask(true);
	struct buf answer = own_answer(f, &query, own);

	if (says == NULL)
		assert_granted(f, &query, buf_view(&answer));
	else
		assert_invalid(f, &query, buf_view(&answer), says);
	buf_free(&answer);
}

static void refuses_a_signed_attribute_that_names_another(void **state)
{
	static const uint8_t tstinfo_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10,
		0x01, 0x04 };
	const struct fixture *f = *state;
	uint8_t hash[32];
	const struct own good = { 0 };
	const struct own certificate = { .in_attrs = hash, .in_attrs_len = sizeof(hash) };
	const struct own type = { .in_attrs = tstinfo_oid, .in_attrs_len = sizeof(tstinfo_oid) };

	assert_int_equal(X509_digest(f->p256, EVP_sha256(), hash, NULL), 1);
	assert_own(f, &good, NULL);
	assert_own(f, &certificate, "ESSCertIDv2 must name the certificate of the signer");
	assert_own(f, &type, "contentType attribute must be id-ct-TSTInfo");
}

/* Four switches, three resolutions: all that the service can make. */
static void takes_every_kind_of_the_services_tokens(void **state)
{
	for (unsigned n = 0; n < 48; n++) {
		const struct token_kind kind = {
			.options = { .signing_time = (n & 1) != 0,
				.algorithm_protection = (n & 2) != 0 },
			.tsa_name = (n & 4) != 0,
			.qualified = (n & 8) != 0,
			.digits = 3 * (n / 16),
		};
		const struct own own = { .kind = &kind };

		assert_own(*state, &own, NULL);
	}
}

static void p21_refuses_a_tsa_that_is_no_name_of_the_signer(void **state)
{
	const struct fixture *f = *state;
	const struct own own = { .named = f->rsa };

	assert_own(f, &own, "tsa must be a name of the signer");
}

/* The digest's identifier in it, then the signature's: each last octet is flipped. */
static void p25_refuses_protected_algorithms_that_are_not_the_signer_infos(void **state)
{
	static const uint8_t digest[] = { 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x01 };
	static const uint8_t signature[] = { 0xa1, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x04, 0x03, 0x02 };
	static const uint8_t tag[] = { 0x04, 0x02, 0x01, 0xa1 }; /* after the digest */
	const struct own other_digest = { .in_attrs = digest, .in_attrs_len = sizeof(digest) };
	const struct own other_signature = { .in_attrs = signature,
		.in_attrs_len = sizeof(signature) };
	const struct own other_field = { .in_attrs = tag, .in_attrs_len = sizeof(tag) };

	assert_own(*state, &other_digest, "CMSAlgorithmProtection must repeat the algorithms");
	assert_own(*state, &other_signature, "CMSAlgorithmProtection must repeat the algorithms");
	assert_own(*state, &other_field, "CMSAlgorithmProtection must have the two algorithms");
}

static void refuses_a_tstinfo_with_something_after_it(void **state)
{
	const struct own own = { .trailing = true };

	assert_own(*state, &own, "TSTInfo must be DER and nothing more");
}

static X509 *leaf_with(const struct fixture *f, const char *usage, int64_t until)
{
	int64_t now = time(NULL);
	const struct make_certificate how = {
		.common_name = "Unfit TSU",
		.key = f->p256_key,
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before = now - DAY,
		.not_after = now + until,
		.extensions = {
			{ "basicConstraints", "CA:FALSE" },
			{ usage == NULL ? NULL : "extendedKeyUsage", usage },
		},
	};

	return make_certificate(&how);
}

static void refuses_a_certificate_that_is_not_for_time_stamping_alone(void **state)
{
	static const struct {
		const char *usage;
		int64_t until;
		const char *says;
	} leaves[] = {
		{ "critical,timeStamping", DAY, NULL },
		{ "timeStamping", DAY, "extendedKeyUsage must be critical" },
		{ "critical,timeStamping,codeSigning", DAY, "timeStamping alone" },
		{ "critical,timeStamping,1.2.3.4.5", DAY, "timeStamping alone" },
		{ "critical,codeSigning", DAY, "timeStamping alone" },
		{ NULL, DAY, "timeStamping alone" },
		{ "critical,timeStamping", -HOUR, "valid at genTime: has expired" },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		X509 *leaf = leaf_with(f, leaves[i].usage, leaves[i].until);
		const struct own own = { .signer = leaf };

		assert_own(f, &own, leaves[i].says);
		X509_free(leaf);
	}
}

/* The signature is by another key than that of the certificate, which is fit otherwise. */
static void refuses_the_signature_of_another(void **state)
{
	const struct fixture *f = *state;
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *leaf = make(key, "Other TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	const struct own own = { .signer = leaf };

	assert_own(f, &own, "signature must be the signer's");
	X509_free(leaf);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_token_without_certificates_if_it_has_the_signer),
		cmocka_unit_test(refuses_a_signature_over_a_weak_digest),
		cmocka_unit_test(refuses_another_anchor),
		cmocka_unit_test(refuses_a_signed_attribute_that_names_another),
		cmocka_unit_test(takes_every_kind_of_the_services_tokens),
		cmocka_unit_test(p21_refuses_a_tsa_that_is_no_name_of_the_signer),
		cmocka_unit_test(p25_refuses_protected_algorithms_that_are_not_the_signer_infos),
		cmocka_unit_test(refuses_a_tstinfo_with_something_after_it),
		cmocka_unit_test(refuses_a_certificate_that_is_not_for_time_stamping_alone),
		cmocka_unit_test(refuses_the_signature_of_another),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
