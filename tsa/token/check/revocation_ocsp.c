/* What OCSP responses say about one certificate (RFC 6960).  Owns nothing. */
#include "revocation_part.h"

#include <openssl/err.h>

#include "tsa/tsp/der.h"

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

static bool is_digest(const uint8_t *digest, unsigned len, const ASN1_OCTET_STRING *value)
{
	return ASN1_STRING_length(value) == (int)len &&
	       memcmp(ASN1_STRING_get0_data(value), digest, len) == 0;
}

/*
 * RFC 6960 4.1.1: serial number, the issuer's name and its key. The name as the certificate or as
 * its issuer writes it.
 */
static enum match match_id(const struct revocation_case *c, const OCSP_CERTID *id)
{
	ASN1_OCTET_STRING *name = NULL;
	ASN1_OCTET_STRING *key = NULL;
	ASN1_OBJECT *algorithm = NULL;
	ASN1_INTEGER *serial = NULL;
	const EVP_MD *md;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (OCSP_id_get0_info(&name, &algorithm, &key, &serial, (OCSP_CERTID *)id) != 1 ||
		ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(c->subject->certificate)) != 0)
		return MATCH_NO;
	md = EVP_get_digestbyobj(algorithm);
	if (md == NULL || X509_pubkey_digest(c->issuer->certificate, md, digest, &len) != 1)
		return MATCH_UNKNOWN;
	if (!is_digest(digest, len, key))
		return MATCH_NO;
	if (X509_NAME_digest(X509_get_issuer_name(c->subject->certificate), md, digest, &len) ==
			1 &&
		is_digest(digest, len, name))
		return MATCH_YES;
	if (X509_NAME_digest(X509_get_subject_name(c->issuer->certificate), md, digest, &len) ==
			1 &&
		is_digest(digest, len, name))
		return MATCH_YES;
	return MATCH_NO;
}

/* Extensions of the response as a whole, and of one answer: none critical that is unknown. */
static bool is_known(X509_EXTENSION *extension)
{
	switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
	case NID_id_pkix_OCSP_Nonce:
	case NID_id_pkix_OCSP_CrlID:
	case NID_id_pkix_OCSP_archiveCutoff:
	case NID_crl_reason:
	case NID_invalidity_date:
		return true;
	default:
		return revocation_is_oid(extension, OID_CERT_HASH) ||
		       revocation_is_oid(extension, OID_EXTENDED_REVOKE);
	}
}

static bool are_all_known(OCSP_BASICRESP *response, OCSP_SINGLERESP *single)
{
	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(response); i++) {
		X509_EXTENSION *at = OCSP_BASICRESP_get_ext(response, i);

		if (X509_EXTENSION_get_critical(at) && !is_known(at))
			return false;
	}
	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single); i++) {
		X509_EXTENSION *at = OCSP_SINGLERESP_get_ext(single, i);

		if (X509_EXTENSION_get_critical(at) && !is_known(at))
			return false;
	}
	return true;
}

/* CertHash ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, certificateHash OCTET STRING } */
static enum match match_hash(X509 *certificate, const ASN1_OCTET_STRING *value)
{
	struct der all = { .rest = { ASN1_STRING_get0_data(value),
				   (size_t)ASN1_STRING_length(value) } };
	struct der hash = der_enter(&all, DER_SEQUENCE);
	struct der algorithm = der_enter(&hash, DER_SEQUENCE);
	struct bytes oid = der_take_oid(&algorithm);
	struct bytes octets = der_take(&hash, DER_OCTET_STRING);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;
	const EVP_MD *md;
	char text[80];

	if (!der_finished(&hash) || !der_finished(&all) ||
		!der_oid_to_text(oid, text, sizeof(text)))
		return MATCH_UNKNOWN;
	md = EVP_get_digestbynid(OBJ_txt2nid(text));
	if (md == NULL || X509_digest(certificate, md, digest, &len) != 1)
		return MATCH_UNKNOWN;
	return bytes_equal(octets, (struct bytes){ digest, len }) ? MATCH_YES : MATCH_NO;
}

/* The first of that OID; none twice is read. */
static const ASN1_OCTET_STRING *find_extension(OCSP_SINGLERESP *single, const char *dotted)
{
	const ASN1_OCTET_STRING *found = NULL;

	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single) && found == NULL; i++)
		if (revocation_is_oid(OCSP_SINGLERESP_get_ext(single, i), dotted))
			found = X509_EXTENSION_get_data(OCSP_SINGLERESP_get_ext(single, i));
	return found;
}

/* Since when it speaks of expired certificates; false if it is about another certificate. */
static bool read_keeps_since(
	const struct revocation_case *c, OCSP_SINGLERESP *single, struct revocation *r)
{
	const ASN1_OCTET_STRING *hash = find_extension(single, OID_CERT_HASH);
	ASN1_GENERALIZEDTIME *cutoff =
		OCSP_SINGLERESP_get1_ext_d2i(single, NID_id_pkix_OCSP_archiveCutoff, NULL, NULL);
	enum match match = hash == NULL ? MATCH_UNKNOWN : match_hash(c->subject->certificate, hash);

	(void)revocation_seconds(cutoff, &r->keeps_since);
	ASN1_GENERALIZEDTIME_free(cutoff);
	if (match == MATCH_YES)
		r->keeps_since = INT64_MIN;
	return match != MATCH_NO;
}

/* RFC 6960 4.4.5: a reason and an invalidityDate may be extensions. False if malformed or two. */
static bool read_revoked(OCSP_SINGLERESP *single, struct revocation *r)
{
	int reason_there;
	int date_there;
	int64_t number = r->reason;
	ASN1_ENUMERATED *reason =
		OCSP_SINGLERESP_get1_ext_d2i(single, NID_crl_reason, &reason_there, NULL);
	ASN1_GENERALIZEDTIME *date =
		OCSP_SINGLERESP_get1_ext_d2i(single, NID_invalidity_date, &date_there, NULL);
	bool ok = reason == NULL ? reason_there == -1
				 : ASN1_ENUMERATED_get_int64(&number, reason) == 1 && number >= 0 &&
					   number <= INT32_MAX &&
					   (r->reason == REASON_ABSENT || r->reason == number);

	ok = ok &&
	     (date == NULL ? date_there == -1 : revocation_seconds(date, &r->invalidity_date));
	r->reason = (int)number;
	ASN1_ENUMERATED_free(reason);
	ASN1_GENERALIZEDTIME_free(date);
	revocation_set_since(r);
	return ok;
}

/* RFC 6960 2.2: good, revoked, unknown. */
static void read_status(OCSP_SINGLERESP *single, struct revocation *r)
{
	ASN1_GENERALIZEDTIME *since = NULL;
	ASN1_GENERALIZEDTIME *this_update = NULL;
	ASN1_GENERALIZEDTIME *next_update = NULL;
	int status =
		OCSP_single_get0_status(single, &r->reason, &since, &this_update, &next_update);

	if (status != V_OCSP_CERTSTATUS_REVOKED)
		r->reason = REASON_ABSENT;
	if (!revocation_seconds(this_update, &r->this_update) ||
		(next_update != NULL && !revocation_seconds(next_update, &r->next_update)))
		revocation_unusable(r, "RFC 6960 4.2.1: thisUpdate or nextUpdate is malformed");
	else if (r->next_update < r->this_update)
		revocation_unusable(r, "RFC 6960 4.2.2.1: nextUpdate is before thisUpdate");
	else if (status == V_OCSP_CERTSTATUS_GOOD)
		r->state = REVOCATION_GOOD;
	else if (status == V_OCSP_CERTSTATUS_REVOKED) {
		r->state = REVOCATION_REVOKED;
		if (!revocation_seconds(since, &r->revocation_date) || !read_revoked(single, r))
			revocation_unusable(r, "RFC 6960 4.2.1: RevokedInfo is malformed");
	} else
		revocation_unusable(r, "RFC 6960 2.2: the responder does not know the "
				       "certificate");
}

/* True if the answer is about the certificate. */
static bool look_at(const struct revocation_case *c, const struct material_item *object,
	OCSP_SINGLERESP *single, struct revocation_list *list)
{
	enum match match = match_id(c, OCSP_SINGLERESP_get0_id(single));
	struct revocation r = {
		.object = object,
		.this_update = INT64_MIN,
		.next_update = INT64_MAX,
		.reason = REASON_ABSENT,
		.revocation_date = INT64_MAX,
		.invalidity_date = INT64_MAX,
		.since = INT64_MAX,
		.keeps_since = INT64_MAX,
	};

	if (match == MATCH_NO)
		return false;
	read_status(single, &r);
	if (match == MATCH_UNKNOWN)
		revocation_unusable(&r, "RFC 6960 4.1.1: CertID is in an unknown digest");
	else if (!are_all_known(object->ocsp, single))
		revocation_unusable(&r, "RFC 6960 4.4: has a critical extension that is unknown");
	else if (!read_keeps_since(c, single, &r))
		revocation_unusable(&r, "Common PKI: certHash is of another certificate");
	else if (r.state != REVOCATION_UNUSABLE)
		(void)revocation_responder(c, &r);
	revocation_put(list, &r);
	return true;
}

void revocation_look_ocsp(const struct revocation_case *c, struct revocation_list *list)
{
	const struct material_item *object;
	size_t walk = 0;

	while ((object = material_next(c->material, MATERIAL_OCSP, &walk)) != NULL) {
		int count = OCSP_resp_count(object->ocsp);
		unsigned answers = 0;

		for (int i = 0; i < count && answers < REVOCATION_MAX_ENTRIES; i++)
			answers += look_at(c, object, OCSP_resp_get0(object->ocsp, i), list);
	}
	ERR_clear_error();
}
