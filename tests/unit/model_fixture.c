/* Owns keys and one situation at a time; certificates and CRLs are by OpenSSL's own code. */
#include "model_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "make_revocation.h"

/* Root and CA for forty years, a TSU, its token and a check soon after. */
static struct situation with_usual_times(const struct situation *given)
{
	struct situation s = *given;
	struct {
		int64_t *time;
		int64_t usual;
	} times[] = {
		{ &s.root_begin, DAYS(0) },
		{ &s.root_end, DAYS(14600) },
		{ &s.ca_begin, DAYS(0) },
		{ &s.ca_end, DAYS(14600) },
		{ &s.tsu_begin, DAYS(100) },
		{ &s.tsu_end, DAYS(1000) },
		{ &s.gen_time, DAYS(200) },
		{ &s.at, DAYS(300) },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (*times[i].time == 0)
			*times[i].time = times[i].usual;
	return s;
}

struct model_world {
	EVP_PKEY *root_key;
	EVP_PKEY *ca_key;
	EVP_PKEY *tsu_key;
	EVP_PKEY *wrong_key;
	X509 *root;
	X509 *ca;
	X509 *tsu;
	struct material_cache *cache;
	struct material *shared;
	struct material *material;
	struct algorithms *table;
	struct checked checked;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "model_fixture: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

struct model_world *model_world_new(void)
{
	struct model_world *world = must_calloc(1, sizeof(*world));

	world->root_key = make_key("P-256", 0);
	world->ca_key = make_key("P-256", 0);
	world->tsu_key = make_key("P-256", 0);
	world->wrong_key = make_key("P-256", 0);
	world->cache = material_cache_new();
	return world;
}

/* All but the certificates and the cache, which the next situation may share. */
static void forget_situation(struct model_world *world)
{
	if (world->table == NULL)
		return;
	material_free(world->material);
	material_free(world->shared);
	algorithms_free(world->table);
	world->table = NULL;
}

static void forget_certificates(struct model_world *world)
{
	X509_free(world->root);
	X509_free(world->ca);
	X509_free(world->tsu);
	world->root = world->ca = world->tsu = NULL;
}

void model_world_free(struct model_world *world)
{
	forget_situation(world);
	forget_certificates(world);
	material_cache_free(world->cache);
	EVP_PKEY_free(world->root_key);
	EVP_PKEY_free(world->ca_key);
	EVP_PKEY_free(world->tsu_key);
	EVP_PKEY_free(world->wrong_key);
	free(world);
}

static void make_certificates(struct model_world *world, const struct situation *s)
{
	struct make_certificate how = {
		.common_name = "Root",
		.key = world->root_key,
		.issuer_key = world->root_key,
		.not_before = s->root_begin,
		.not_after = s->root_end,
		.extensions = { { "basicConstraints", "critical,CA:TRUE" },
			{ "keyUsage", "critical,keyCertSign,cRLSign" },
			{ "subjectKeyIdentifier", "hash" } },
	};

	world->root = make_certificate(&how);
	how.common_name = "CA";
	how.key = world->ca_key;
	how.issuer = world->root;
	how.not_before = s->ca_begin;
	how.not_after = s->ca_end;
	world->ca = make_certificate(&how);
	how = (struct make_certificate){
		.common_name = "TSU",
		.key = world->tsu_key,
		.issuer = world->ca,
		.issuer_key = world->ca_key,
		.not_before = s->tsu_begin,
		.not_after = s->tsu_end,
		.extensions = { { "basicConstraints", "critical,CA:FALSE" },
			{ "keyUsage", "critical,digitalSignature" },
			{ "extendedKeyUsage", "critical,timeStamping" } },
	};
	world->tsu = make_certificate(&how);
}

static bool is_valid_from_to(X509 *certificate, int64_t from, int64_t to)
{
	return certificate != NULL &&
	       ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), (time_t)from) == 0 &&
	       ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), (time_t)to) == 0;
}

static bool certificates_fit(const struct model_world *world, const struct situation *s)
{
	return is_valid_from_to(world->root, s->root_begin, s->root_end) &&
	       is_valid_from_to(world->ca, s->ca_begin, s->ca_end) &&
	       is_valid_from_to(world->tsu, s->tsu_begin, s->tsu_end);
}

static void add_time_extension(X509_CRL *crl, int nid, int64_t when)
{
	ASN1_GENERALIZEDTIME *time = ASN1_GENERALIZEDTIME_set(NULL, (time_t)when);
	unsigned char *der = NULL;
	int len = i2d_ASN1_GENERALIZEDTIME(time, &der);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	must(len > 0 && ASN1_OCTET_STRING_set(octets, der, len) == 1, "extension");
	extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, octets);
	must(extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1, "CRL extension");
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_GENERALIZEDTIME_free(time);
	OPENSSL_free(der);
}

static void add_entry(X509_CRL *crl, X509 *certificate, const struct made_crl *how)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)how->revoked);

	must(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
			X509_REVOKED_set_revocationDate(entry, time) == 1,
		"CRL entry");
	if (how->reason != REASON_ABSENT) {
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

		must(ASN1_ENUMERATED_set(reason, how->reason) == 1 &&
				X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1,
			"reasonCode");
		ASN1_ENUMERATED_free(reason);
	}
	if (how->invalid != 0) {
		ASN1_GENERALIZEDTIME *date = ASN1_GENERALIZEDTIME_set(NULL, (time_t)how->invalid);

		must(X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, date, 0, 0) == 1,
			"invalidityDate");
		ASN1_GENERALIZEDTIME_free(date);
	}
	must(X509_CRL_add0_revoked(crl, entry) == 1, "CRL entry");
	ASN1_TIME_free(time);
}

static int expired_certs_on_crl(void)
{
	int nid = OBJ_txt2nid("2.5.29.60");

	return nid != NID_undef ? nid : OBJ_create("2.5.29.60", "ecoc", "expiredCertsOnCRL");
}

static struct buf make_one_crl(struct model_world *world, const struct made_crl *how)
{
	bool of_tsu = how->of == CRL_OF_TSU;
	X509_CRL *crl = X509_CRL_new();
	X509 *issuer = of_tsu ? world->ca : world->root;
	EVP_PKEY *key = of_tsu ? world->ca_key : world->root_key;
	ASN1_TIME *this_update = ASN1_TIME_set(NULL, (time_t)how->this_update);
	ASN1_TIME *next_update = ASN1_TIME_set(NULL, (time_t)how->next_update);
	struct buf der = { 0 };
	unsigned char *out = NULL;
	int len;

	must(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
			X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
			X509_CRL_set1_lastUpdate(crl, this_update) == 1,
		"CRL");
	if (how->next_update != 0)
		must(X509_CRL_set1_nextUpdate(crl, next_update) == 1, "nextUpdate");
	if (how->keeps != 0)
		add_time_extension(crl, expired_certs_on_crl(), how->keeps);
	if (how->reason != NO_ENTRY)
		add_entry(crl, of_tsu ? world->tsu : world->ca, how);
	must(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, how->wrong_key ? world->wrong_key : key,
						EVP_sha256()) > 0,
		"CRL's signature");
	len = i2d_X509_CRL(crl, &out);
	must(len > 0, "CRL's DER");
	buf_append(&der, (struct bytes){ out, (size_t)len });
	OPENSSL_free(out);
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	X509_CRL_free(crl);
	return der;
}

static const struct material_item *add_certificate(struct material *material, X509 *certificate)
{
	const struct material_item *item = NULL;
	struct err err = { 0 };
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);

	must(len > 0 && material_add(material, MATERIAL_CERTIFICATE, FROM_CALLER,
				(struct bytes){ der, (size_t)len }, "test", &item, &err),
		err.text);
	OPENSSL_free(der);
	return item;
}

static void add_anchor(struct material *material, X509 *certificate)
{
	struct err err = { 0 };
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);

	must(len > 0 && material_add_anchor(
				material, (struct bytes){ der, (size_t)len }, "test", &err),
		err.text);
	OPENSSL_free(der);
}

/* By a responder that the CA named for it. */
static struct buf make_response(struct model_world *world, const struct made_crl *how)
{
	const struct make_certificate responder = {
		.common_name = "Responder",
		.key = world->wrong_key,
		.issuer = world->ca,
		.issuer_key = world->ca_key,
		.not_before = DAYS(0),
		.not_after = how->responder_end,
		.extensions = { { "extendedKeyUsage", "OCSPSigning" }, { "noCheck", "ignored" } },
	};
	struct make_ocsp ocsp = {
		.signer = make_certificate(&responder),
		.key = world->wrong_key,
		.answers = { {
			.certificate = world->tsu,
			.issuer = world->ca,
			.status = how->reason == NO_ENTRY ? V_OCSP_CERTSTATUS_GOOD
							  : V_OCSP_CERTSTATUS_REVOKED,
			.reason = how->reason,
			.since = how->revoked,
			.this_update = how->this_update,
			.next_update = how->next_update,
		} },
	};
	struct buf der = make_ocsp(&ocsp);

	X509_free(ocsp.signer);
	return der;
}

static void add_crl(struct model_world *world, const struct made_crl *how)
{
	const struct material_item *item = NULL;
	struct err err = { 0 };
	bool ocsp = how->of == OCSP_OF_TSU;
	struct buf der = ocsp ? make_response(world, how) : make_one_crl(world, how);

	must(material_add(how->carried ? world->material : world->shared,
		     ocsp ? MATERIAL_OCSP : MATERIAL_CRL, how->carried ? FROM_TOKEN : FROM_CALLER,
		     buf_view(&der), "test", &item, &err),
		err.text);
	if (how->poe != 0)
		material_add_poe(world->shared, item->sha256, how->poe, "a test");
	buf_free(&der);
}

static void make_material(struct model_world *world, const struct situation *s)
{
	struct token_facts *facts = &world->checked.facts;
	struct err err = { 0 };

	world->shared = material_new(world->cache, NULL);
	world->material = material_new(world->cache, world->shared);
	world->table = s->algorithms == NULL ? algorithms_default()
					     : algorithms_read(bytes_of_text(s->algorithms), &err);
	must(world->table != NULL, err.text);
	if (!certificates_fit(world, s)) {
		forget_certificates(world);
		make_certificates(world, s);
	}
	add_anchor(world->shared, world->root);
	(void)add_certificate(world->shared, world->ca);
	*facts = (struct token_facts){
		.signer = add_certificate(world->material, world->tsu),
		.gen_time = s->gen_time,
		.accuracy_us = s->accuracy_us == 0 ? -1 : s->accuracy_us,
		.imprint_digest = s->imprint == 0 ? NID_sha256 : s->imprint,
		.signature_digest = NID_sha256,
		.signature_scheme = NID_ecdsa_with_SHA256,
	};
	facts->file.tst.moment.micros = s->half_a_second_more ? 500000 : 0;
	for (unsigned i = 0; i < MODEL_CRLS; i++)
		if (s->crls[i].of != CRL_NONE)
			add_crl(world, &s->crls[i]);
	if (s->poe != 0)
		material_add_poe(world->shared, facts->sha256, s->poe, "a test");
}

const struct checked *model_situation(struct model_world *world, const struct situation *given)
{
	struct situation situation = with_usual_times(given);
	struct check_policy policy = {
		.model = situation.model,
		.at = situation.at,
		.skew_s = situation.skew_s,
		.revocation_required = situation.required,
	};

	forget_situation(world);
	make_material(world, &situation);
	policy.algorithms = world->table;
	verdict_start(&world->checked.verdict);
	check_moment(&policy, world->material, &world->checked);
	return &world->checked;
}

const char *model_said(const struct verdict *verdict, char out[64])
{
	(void)snprintf(out, 64, "%s%s%s", check_status_name(verdict->status),
		verdict->sub == SUB_NONE ? "" : "/", check_sub_name(verdict->sub));
	return out;
}
