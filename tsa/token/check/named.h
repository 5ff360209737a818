/* Whom a token names as its signer: the sid of the SignerInfo, and tsa of the TSTInfo. */
#ifndef TSA_TOKEN_CHECK_NAMED_H
#define TSA_TOKEN_CHECK_NAMED_H

#include <openssl/x509.h>

#include "tsa/token/read/token_file.h"

/* The sid (RFC 5652 5.3), decoded once however many certificates are held against it. */
struct named_sid {
	const struct ber_node *key_id; /* [0] subjectKeyIdentifier; else the others are set */
	const struct ber_node *issuer;
	const struct ber_node *serial;
	ASN1_INTEGER *number;
	X509_NAME *name; /* of issuer; NULL: not asked for yet, or malformed */
	bool name_is_read;
};

/* False if it is of neither form. named_sid_wipe() always; file has to live until then. */
bool named_sid_read(const struct token_file *file, struct named_sid *sid);
void named_sid_wipe(struct named_sid *sid);
/* True if it is the certificate's issuer and serial number, or its key identifier. */
bool named_sid_is(struct named_sid *sid, X509 *certificate);
/* The issuer's name; NULL if it is a key identifier or malformed. Lives as long as sid. */
const X509_NAME *named_sid_issuer(struct named_sid *sid);

/* tsa, where there, is the subject or a subjectAltName (RFC 3161 2.4.2); else found says why not.
 */
bool named_tsa_is(const struct token_file *file, X509 *certificate, struct err *found);
/* tsa is the subject with its RDNs in the reverse order, as text of RFC 4514 tempts to write it. */
bool named_tsa_is_reversed(const struct token_file *file, X509 *certificate);

#endif
