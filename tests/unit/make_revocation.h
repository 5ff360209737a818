/* CRLs and OCSP responses for tests, made with OpenSSL's own code. */
#ifndef TSA_TESTS_MAKE_REVOCATION_H
#define TSA_TESTS_MAKE_REVOCATION_H

#include <stdbool.h>

#include "make_certificate.h"
#include "tsa/core/bytes.h"

enum { MAKE_MAX_ENTRIES = 8, MAKE_MAX_ANSWERS = 4 };

struct make_crl_entry {
	X509 *certificate; /* its serial number; NULL: the last entry was before */
	int64_t date;
	int reason; /* -1: no reasonCode */
	int64_t invalidity; /* 0: absent */
	const char *issuer; /* common name of a certificateIssuer; NULL: absent */
	struct make_extension extension; /* one more */
};

struct make_crl {
	X509 *issuer; /* whose name it has */
	EVP_PKEY *key;
	int64_t this_update;
	int64_t next_update; /* 0: absent */
	struct make_extension extensions[MAKE_MAX_EXTENSIONS];
	const char *sections; /* that the extensions refer to; NULL: none */
	struct make_crl_entry entries[MAKE_MAX_ENTRIES];
};

/* Its DER. Aborts on failure. The caller frees. */
struct buf make_crl(const struct make_crl *how);

struct make_answer {
	X509 *certificate; /* NULL: the last answer was before */
	X509 *issuer;
	const EVP_MD *digest; /* of CertID; NULL: SHA-1 */
	int status; /* V_OCSP_CERTSTATUS_… */
	int reason; /* of a revoked one; -1: absent */
	int64_t since; /* of a revoked one */
	int64_t this_update;
	int64_t next_update; /* 0: absent */
	struct make_extension extensions[4];
};

struct make_ocsp {
	X509 *signer;
	EVP_PKEY *key;
	bool by_key; /* ResponderID is the key's hash, not the name */
	bool without_certificate;
	struct make_answer answers[MAKE_MAX_ANSWERS];
	struct make_extension extension; /* of the whole */
};

/* Its DER, a BasicOCSPResponse in an OCSPResponse. Aborts on failure. The caller frees. */
struct buf make_ocsp(const struct make_ocsp *how);

#endif
