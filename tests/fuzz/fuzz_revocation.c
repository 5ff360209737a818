/*
 * CRLs and OCSP responses against one path: whatever comes, the answers hang together, and no CRL
 * is good in which OpenSSL finds an entry.  Signatures are taken as good (the linker puts our
 * material_signed_by() in the place of the library's), for none would be.  The first octet says
 * which of both it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "tsa/token/check/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __wrap_material_signed_by(const struct material *material, const struct material_item *subject,
	const struct material_item *issuer);

enum { MAX_FILE = 65536 };

/* The path's certificates live as long as the program. */
static struct material *shared;
static struct material_cache *cache;
static struct path path;

bool __wrap_material_signed_by(const struct material *material, const struct material_item *subject,
	const struct material_item *issuer)
{
	(void)material;
	(void)subject;
	(void)issuer;
	return true;
}

static struct bytes read_file(const char *name, uint8_t room[MAX_FILE])
{
	FILE *in = fopen(name, "rb");
	size_t len = in == NULL ? 0 : fread(room, 1, MAX_FILE, in);

	if (len == 0)
		abort();
	(void)fclose(in);
	return (struct bytes){ room, len };
}

/* The TSU and the root of the corpus' revocation matrix. */
static void build_path(void)
{
	static uint8_t room[MAX_FILE];
	struct err err;
	struct bytes file;
	const uint8_t *at;
	uint8_t *der = NULL;
	CMS_ContentInfo *token;
	STACK_OF(X509) * certificates;
	int len;

	cache = material_cache_new();
	shared = material_new(cache, NULL);
	file = read_file(TSA_TEST_DATA "/corpus/certs/made-root-A.cer", room);
	if (!material_add_anchor(shared, file, "", &err))
		abort();
	file = read_file(TSA_TEST_DATA "/corpus/negative/made-A-rev-token.der", room);
	at = file.at;
	token = d2i_CMS_ContentInfo(NULL, &at, (long)file.len);
	certificates = CMS_get1_certs(token);
	len = i2d_X509(sk_X509_value(certificates, 0), &der);
	if (len <= 0 || !material_add(shared, MATERIAL_CERTIFICATE, FROM_CALLER,
				(struct bytes){ der, (size_t)len }, "", &path.at[0], &err))
		abort();
	OPENSSL_free(der);
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(token);
	path.at[1] = material_next_named(
		shared, X509_get_issuer_name(path.at[0]->certificate), &(size_t){ 0 });
	path.length = 2;
	path.holds = true;
	if (path.at[1] == NULL)
		abort();
}

static void check_one(const struct revocation *r, const struct material_item *object)
{
	if (r->object != object || (r->state == REVOCATION_UNUSABLE) != (r->why[0] != '\0'))
		abort();
	if (r->state == REVOCATION_UNUSABLE)
		return;
	if (r->signer == NULL || r->this_update == INT64_MAX || r->next_update < r->this_update)
		abort();
	if (r->state == REVOCATION_GOOD && (r->reason != REASON_ABSENT || r->since != INT64_MAX))
		abort();
	if (r->state == REVOCATION_REVOKED &&
		(r->since > r->revocation_date || r->since > r->invalidity_date ||
			(r->since != r->revocation_date && r->since != r->invalidity_date)))
		abort();
}

static bool has_foreign_entries(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
		if (X509_REVOKED_get_ext_by_NID(
			    sk_X509_REVOKED_value(entries, i), NID_certificate_issuer, -1) >= 0)
			return true;
	return false;
}

/*
 * OpenSSL's own search, by another hand; it sorts its list only now. Of an indirect CRL it stops to
 * note the issuers at the first reasonCode that is malformed, and finds what is another CA's.
 */
static void check_with_openssl(
	const struct material_item *object, const struct revocation *found, unsigned count)
{
	X509_REVOKED *entry;

	if (object->kind != MATERIAL_CRL || has_foreign_entries(object->crl) ||
		X509_CRL_get0_by_cert(object->crl, &entry, path.at[0]->certificate) != 1)
		return;
	for (unsigned i = 0; i < count; i++)
		if (found[i].state == REVOCATION_GOOD)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct revocation found[REVOCATION_MAX];
	enum material_kind kind = size > 0 && data[0] == 'O' ? MATERIAL_OCSP : MATERIAL_CRL;
	struct material *material;
	const struct material_item *object;
	struct err err = { 0 };

	if (shared == NULL)
		build_path();
	material = material_new(cache, shared);
	if (size > 0 && material_add(material, kind, FROM_CALLER,
				(struct bytes){ data + 1, size - 1 }, "fuzz", &object, &err)) {
		unsigned count = revocation_look(material, &path, 0, found);

		for (unsigned i = 0; i < count; i++) {
			check_one(&found[i], object);
			if (i > 0 && found[i - 1].this_update < found[i].this_update)
				abort();
		}
		check_with_openssl(object, found, count);
	}
	ERR_clear_error();
	material_free(material);
	return 0;
}
