/* Certificates from PEM files and from what servers send. */
#ifndef TSA_TOOLS_PEM_PEM_H
#define TSA_TOOLS_PEM_PEM_H

#include <openssl/x509.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

/* If content begins with a PEM block, it becomes what that holds, whatever its label. */
void pem_decode(struct buf *content);
/* All certificates of a PEM file, at least one. NULL and err if it is not so. */
STACK_OF(X509) * pem_read_certificates(const char *path, struct err *err);
/* The same, as trust anchors. The caller frees. */
X509_STORE *pem_read_anchors(const char *path, struct err *err);

/*
 * Certificates of an AIA document: one in DER, or PKCS#7 certs-only (RFC 5280 4.2.2.1), or PEM as
 * some servers have it. NULL if it is none of these.
 */
STACK_OF(X509) * pem_certificates_of(struct bytes document);
/* A CRL in DER (RFC 5280 4.2.1.13), or in PEM as some servers have it. NULL if it is neither. */
X509_CRL *pem_crl_of(struct bytes document);

#endif
