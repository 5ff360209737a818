/*
 * The signature of a SignerInfo and what it covers (RFC 5652 5, 11), each question apart: no trust
 * and no order of rules is in them.  The lint asks the same ones.
 */
#ifndef TSA_TOKEN_CHECK_SIGNATURE_H
#define TSA_TOKEN_CHECK_SIGNATURE_H

#include <openssl/x509.h>

#include "tsa/token/read/token_file.h"

/* Those of a file take one whose cms.has_signer is set; found gets the finding, without the rule.
 */

/* The digest of digestAlgorithm; NULL if OpenSSL knows none. Static memory of OpenSSL. */
const EVP_MD *signature_digest(const struct token_file *file);
/*
 * The digest that signatureAlgorithm names (NID_undef: none, as rsaEncryption does) and the kind of
 * key that it is of (EVP_PKEY_RSA for RSASSA-PSS as well).
 */
void signature_algorithm(const struct token_file *file, int *digest, int *key);
/*
 * The digest that the parameters of RSASSA-PSS name, SHA-1 by DEFAULT (RFC 4055 3.1); NID_undef if
 * they cannot be read or are absent. Of any algorithm, whatever file it is in.
 */
int signature_pss_digest(const X509_ALGOR *algorithm);
/* messageDigest is one attribute with one value, the digest of eContent (RFC 5652 11.2). */
bool signature_message_digest(const struct token_file *file, struct err *found);
/* CMSAlgorithmProtection, where there, repeats the algorithms (RFC 6211 2). */
bool signature_protection(const struct token_file *file, struct err *found);
/*
 * The signature over the signed attributes, which must be there, is by the certificate's key (RFC
 * 5652 5.4, 5.6). Whether the algorithms are relied on is not asked.
 */
bool signature_by(const struct token_file *file, X509 *certificate, struct err *found);

#endif
