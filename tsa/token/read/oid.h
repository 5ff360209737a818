/* OBJECT IDENTIFIERs by their dotted text, and the names people know them by. Pure. */
#ifndef TSA_TOKEN_READ_OID_H
#define TSA_TOKEN_READ_OID_H

#include "ber.h"

enum { OID_TEXT = 256 };

#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_TST_INFO "1.2.840.113549.1.9.16.1.4"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_SIGNING_TIME "1.2.840.113549.1.9.5"
#define OID_SIGNING_CERTIFICATE "1.2.840.113549.1.9.16.2.12"
#define OID_SIGNING_CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"
#define OID_ALGORITHM_PROTECTION "1.2.840.113549.1.9.52"
#define OID_SHA1 "1.3.14.3.2.26"
#define OID_SHA256 "2.16.840.1.101.3.4.2.1"
#define OID_RSASSA_PSS "1.2.840.113549.1.1.10"
#define OID_RSA_ENCRYPTION "1.2.840.113549.1.1.1"
#define OID_QC_STATEMENTS "1.3.6.1.5.5.7.1.3"
#define OID_QTST_STATEMENT "0.4.0.19422.1.1"
#define OID_BTSP "0.4.0.2023.1.1"

/* "1.2.840"; "malformed" if it is that, or longer than OID_TEXT. */
void oid_text(struct bytes content, char out[OID_TEXT]);
/* True if node is the OBJECT IDENTIFIER of that text. node may be NULL. */
bool oid_is(const struct ber_node *node, const char *dotted);
/* What a policy, digest or other OID is called; NULL if nobody knows. Static memory. */
const char *oid_name(const char *dotted);
/* OpenSSL's number for an OID; NID_undef if it has none. node may be NULL. */
int oid_nid(const struct ber_node *node);

#endif
