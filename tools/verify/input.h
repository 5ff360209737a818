/* Files of the command line: tokens, requests, CRLs. */
#ifndef TSA_TOOLS_VERIFY_INPUT_H
#define TSA_TOOLS_VERIFY_INPUT_H

#include <openssl/x509.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

/*
 * The bytes of a file of at most max, "-" is standard input. The caller frees out in both cases.
 */
MUST_CHECK bool input_read(const char *path, size_t max, struct buf *out, struct err *err);
/* The same; of PEM the first block is decoded, whatever its label. */
MUST_CHECK bool input_der(const char *path, size_t max, struct buf *out, struct err *err);
/* Certificates in PEM, DER or PKCS #7; NULL if there is none. The caller frees. */
STACK_OF(X509) * input_certificates(const char *path, struct err *err);
/* Adds the CRL of a file, DER or PEM. */
MUST_CHECK bool input_crl(const char *path, STACK_OF(X509_CRL) * crls, struct err *err);

#endif
