/* Where a certificate says that what a verifier needs can be had: http URLs in its extensions. */
#ifndef TSA_TOOLS_PEM_POINTERS_H
#define TSA_TOOLS_PEM_POINTERS_H

#include <openssl/x509.h>

enum { POINTERS_MAX = 8 }; /* a certificate that names more for one thing is hostile */

enum pointer {
	POINTER_ISSUER, /* authorityInfoAccess, caIssuers (RFC 5280 4.2.2.1) */
	POINTER_OCSP, /* authorityInfoAccess, ocsp */
	POINTER_CRL, /* cRLDistributionPoints (4.2.1.13) whose CRLs are the issuer's own */
};

struct pointers {
	char *urls[POINTERS_MAX]; /* printable ASCII, http or https */
	unsigned count;
};

/* The URLs of that kind in their order; others and what is past the limit are left out. */
void pointers_read(X509 *certificate, enum pointer kind, struct pointers *pointers);
void pointers_free(struct pointers *pointers);

#endif
