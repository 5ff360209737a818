/* ESSCertID and ESSCertIDv2 (RFC 2634 5.4, RFC 5035): whom the signed attributes name. */
#ifndef TSA_TOKEN_READ_ESS_H
#define TSA_TOKEN_READ_ESS_H

#include <openssl/x509.h>

#include "oid.h"
#include "token_file.h"

/* One certificate ID. */
struct ess_id {
	char algorithm[OID_TEXT]; /* dotted */
	struct bytes hash;
	const struct ber_node *issuer_serial; /* SEQUENCE; NULL: absent */
};

enum ess_state {
	ESS_ABSENT,
	ESS_MALFORMED, /* or there is not exactly one attribute with one value */
	ESS_THERE,
};

/* The n-th (from 0) ID of signingCertificate or signingCertificateV2. ABSENT too if n is past. */
enum ess_state ess_get(const struct token_file *file, bool v2, unsigned n, struct ess_id *id);
/* True if hash and issuerSerial, where there, are the certificate's; else found says which not. */
bool ess_is(const struct token_file *file, const struct ess_id *id, X509 *certificate,
	struct err *found);
/*
 * True if each attribute that is there is well-formed and its first ID is the certificate's, and
 * one is there at all.
 */
bool ess_names_signer(const struct token_file *file, X509 *certificate, struct err *found);

#endif
