/* What the files about revocation share; for nobody else. */
#ifndef TSA_TOKEN_CHECK_REVOCATION_PART_H
#define TSA_TOKEN_CHECK_REVOCATION_PART_H

#include <openssl/x509v3.h>

#include "material_part.h"
#include "revocation.h"

enum {
	REVOCATION_MAX_SIGNERS = 16, /* certificates tried for the signature of one object */
	REVOCATION_MAX_ENTRIES = 8, /* of one object about one certificate */
	REVOCATION_MAX_DELTA_BASES = 16, /* complete CRLs tried for one delta CRL */
};

#define OID_EXPIRED_CERTS_ON_CRL "2.5.29.60"
#define OID_ARCHIVE_CUTOFF "1.3.6.1.5.5.7.48.1.6"
#define OID_EXTENDED_REVOKE "1.3.6.1.5.5.7.48.1.9"
#define OID_CERT_HASH "1.3.36.8.3.13"

/* About which certificate, on which path. */
struct revocation_case {
	const struct material *material;
	const struct path *path;
	const struct material_item *subject; /* path->at[index] */
	const struct material_item *issuer; /* path->at[index + 1] */
	/* Only what the issuer's own key signed: asked about the signers of others. */
	bool direct_only;
};

/* Where the answers go; full is full: see revocation_put(). */
struct revocation_list {
	struct revocation *out;
	unsigned count;
	unsigned max;
};

/* An entry of a CRL, with the issuer it is about (RFC 5280 5.3.3). */
struct crl_entry {
	const X509_REVOKED *revoked;
	const GENERAL_NAMES *issuer; /* NULL: the CRL's own */
};

/* What is the same whoever is asked about: read once for a CRL. */
struct crl_facts {
	char flaw[160]; /* why nobody can use it; "": nothing */
	int64_t this_update;
	int64_t next_update; /* INT64_MAX: absent */
	int64_t keeps_since; /* expiredCertsOnCRL; INT64_MAX: absent */
	ISSUING_DIST_POINT *scope; /* NULL: absent */
	ASN1_INTEGER *number; /* NULL: absent */
	ASN1_INTEGER *base; /* of a delta CRL; NULL: it is complete */
	struct crl_entry *entries; /* by serial number */
	size_t count;
	GENERAL_NAMES **issuers; /* that entries point to */
	size_t issuer_count;
};

/* Of a CRL; read at the first call and kept with the object. */
const struct crl_facts *revocation_crl_facts(const struct material_item *crl);
/* The entries of that serial number, *count of them; any if the count is 0. */
const struct crl_entry *revocation_crl_entries(
	const struct crl_facts *facts, const ASN1_INTEGER *serial, size_t *count);

/*
 * May this CRL of the certificate's issuer, or of a CRL issuer that the certificate names, speak
 * of the certificate: RFC 5280 6.3.3 b. False and why if not.
 */
bool revocation_in_scope(const struct revocation_case *c, X509_CRL *crl,
	const struct crl_facts *facts, char why[160]);
/* A CRL issuer that the certificate names (cRLIssuer of its n-th name so far); NULL at the end. */
const X509_NAME *revocation_crl_issuer(const CRL_DIST_POINTS *points, unsigned n);

/*
 * Finds the certificate whose key signed the object and its way to the anchor: RFC 5280 6.3.3 f and
 * g; RFC 6960 4.2.2.2. False and r->why if there is none.
 */
bool revocation_crl_signer(const struct revocation_case *c, struct revocation *r);
bool revocation_responder(const struct revocation_case *c, struct revocation *r);

void revocation_look_crls(const struct revocation_case *c, struct revocation_list *list);
void revocation_look_ocsp(const struct revocation_case *c, struct revocation_list *list);

/*
 * Adds a result. When the list is full the one that says least goes: unusable before good before
 * revoked, a token's before the caller's, older before newer.
 */
void revocation_put(struct revocation_list *list, const struct revocation *r);
/* Sets since of a revoked one. */
void revocation_set_since(struct revocation *r);
/* False: the certificate with these results has no time that can be read. */
bool revocation_seconds(const ASN1_TIME *time, int64_t *out);
/* True if the extension is of that OID, or that NID. */
bool revocation_is_oid(X509_EXTENSION *extension, const char *dotted);
/* Sets UNUSABLE and why. */
void revocation_unusable(struct revocation *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
