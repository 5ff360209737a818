/*
 * Reading DER by an ASN.1 module with libtasn1: what is decoded must be strict DER without an end
 * of its own, and must come out as the same bytes when it is encoded again.
 */
#ifndef TSA_TESTS_DECODERS_ASN_H
#define TSA_TESTS_DECODERS_ASN_H

#include <libtasn1.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum { ASN_MAX_NAME = 128 };

/* The module in a file; ends the program if it cannot. */
asn1_node asn_module(const char *file);

/* A value of the module's type; the caller deletes it with asn1_delete_structure. */
bool asn_read(
	asn1_node module, const char *type, struct bytes der, asn1_node *value, struct err *why);

/*
 * Content of a field (BIT STRING: its octets; BOOLEAN, OID, time: text), at most 2 KiB in all; the
 * view is good until the sixteenth call after it. Empty if it is absent.
 */
struct bytes asn_get(asn1_node value, const char *name);
/* A whole field with tag and length, as it stands in der, from which value was read. */
struct bytes asn_whole(asn1_node value, struct bytes der, const char *name);
/* Elements of a SEQUENCE OF or SET OF; 0 if it is absent. */
int asn_count(asn1_node value, const char *name);
bool asn_text_is(asn1_node value, const char *name, const char *text);
/* True for an INTEGER of one octet with that value. */
bool asn_is(asn1_node value, const char *name, uint8_t number);

#endif
