/*
 * A SignerInfo (RFC 5652 5.3, PKCS #7 9.2) of any signature, not only of a token's: who made it and
 * whether it is his.  Also countersignatures, which are SignerInfos as well.
 */
#ifndef TSA_TOKEN_CHECK_SIGNER_INFO_H
#define TSA_TOKEN_CHECK_SIGNER_INFO_H

#include <openssl/x509.h>

#include "tsa/token/read/token_file.h"

/* Reads node into part, which borrows from tree; false if it is no SignerInfo. */
MUST_CHECK bool signer_info_read(
	const struct ber *tree, const struct ber_node *node, struct signer_part *part);
/* True if its sid names the certificate: issuer and serial number, or key identifier. */
bool signer_info_names(const struct ber *tree, const struct signer_part *part, X509 *certificate);
/* NID of its digestAlgorithm, of its signatureAlgorithm; NID_undef if OpenSSL has none. */
int signer_info_digest(const struct ber *tree, const struct signer_part *part);
int signer_info_scheme(const struct ber *tree, const struct signer_part *part);

enum signer_info_result {
	SIGNER_INFO_GOOD,
	SIGNER_INFO_GOOD_ATTRIBUTES, /* the signature is good; the content was not given */
	SIGNER_INFO_OTHER_CONTENT, /* what was signed is not the content */
	SIGNER_INFO_BAD,
	SIGNER_INFO_UNKNOWN, /* content not given, and there are no signed attributes */
};

/*
 * Is the signature by certificate's key over the signed attributes and they over content, or over
 * content itself if there are none (RFC 5652 5.4)? why is set unless it is GOOD.
 */
enum signer_info_result signer_info_verify(const struct ber *tree, const struct signer_part *part,
	X509 *certificate, struct bytes content, struct err *why);

#endif
