/*
 * Signatures that carry time-stamps: CMS and PKCS #7 (DER, BER, PEM), programs with Authenticode
 * signatures (PE), signed JARs and their signature block files.  Finds each signature, what is
 * stamped of it, and the time-stamps.  Judges neither the time-stamps nor what the signature is
 * of: digests of a program's sections or of a JAR's entries are not compared.
 */
#ifndef TSA_TOOLS_VERIFY_CARRIER_H
#define TSA_TOOLS_VERIFY_CARRIER_H

#include <openssl/x509.h>

#include "carrier_source.h"
#include "tsa/token/check/signer_info.h"

enum {
	CARRIER_MAX_ENTRY = 8 << 20, /* octets of one signature or file of a JAR */
	CARRIER_MAX_CMS = 64 << 20, /* octets of a CMS file, what it signs included */
	CARRIER_MAX_OCTETS = 64 << 20, /* of all signatures, nested ones counted again */
	CARRIER_MAX_SIGNATURES = 64,
	CARRIER_MAX_STAMPS = 256,
	CARRIER_MAX_CERTIFICATES = 256, /* kept of one signature; the rest is left out */
	CARRIER_MAX_REVOCATIONS = 64, /* CRLs and OCSP responses, the same */
	CARRIER_PLACE = 160,
};

enum carrier_kind { CARRIER_CMS, CARRIER_PE, CARRIER_JAR };

/* One signer's signature. */
struct carrier_signature {
	char place[CARRIER_PLACE]; /* "certificate 1, nested signature 2"; "META-INF/A.RSA" */
	unsigned document; /* of which SignedData it is */
	struct bytes value; /* signature octets: what its time-stamps cover */
	X509 *signer; /* named by it and carried with it; NULL: not there */
	enum signer_info_result result; /* UNKNOWN as well if the signer is not there */
	struct err why; /* unless GOOD or GOOD_ATTRIBUTES */
};

enum carrier_stamp_kind {
	CARRIER_RFC3161, /* attribute 1.2.840.113549.1.9.16.2.14, RFC 3161 appendix A */
	CARRIER_MICROSOFT, /* attribute 1.3.6.1.4.1.311.3.3.1: the same token */
	CARRIER_COUNTERSIGNATURE, /* attribute 1.2.840.113549.1.9.6 of PKCS #9: no token */
};

struct carrier_stamp {
	enum carrier_stamp_kind kind;
	unsigned signature;
	unsigned number; /* of those of this signature, from 1 */
	struct bytes octets; /* a ContentInfo; SignerInfo of a countersignature */
};

struct carrier;

/*
 * Finds all. source is read only here. NULL and err, with the place, if it is no carrier, is
 * malformed, or has more than the limits allow; a carrier may have no signature. The caller frees.
 */
struct carrier *carrier_open(const struct carrier_source *source, struct err *err);
void carrier_free(struct carrier *carrier);
enum carrier_kind carrier_kind(const struct carrier *carrier);
unsigned carrier_signature_count(const struct carrier *carrier);
unsigned carrier_stamp_count(const struct carrier *carrier);
/* Both live as long as the carrier. */
const struct carrier_signature *carrier_signature(const struct carrier *carrier, unsigned i);
const struct carrier_stamp *carrier_stamp(const struct carrier *carrier, unsigned i);

/*
 * What a signature's SignedData carries beside: certificates, CRLs, OCSPResponses, each in DER.
 * Untrusted. Starts with *at = 0; false at the end.
 */
enum carrier_beside { CARRIER_CERTIFICATE, CARRIER_CRL, CARRIER_OCSP };
bool carrier_beside(const struct carrier *carrier, unsigned document, size_t *at,
	enum carrier_beside *what, struct bytes *der);

/*
 * A token_digest_of: arg is the struct carrier_signature whose value the time-stamp covers.
 */
unsigned carrier_digest(void *arg, const EVP_MD *digest, uint8_t *out);
/* "RFC 3161 time-stamp", ... Static. */
const char *carrier_stamp_name(enum carrier_stamp_kind kind);

#endif
