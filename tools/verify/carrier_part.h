/* What the files that read carriers share. */
#ifndef TSA_TOOLS_VERIFY_CARRIER_PART_H
#define TSA_TOOLS_VERIFY_CARRIER_PART_H

#include "carrier.h"

/* One SignedData. */
struct carrier_document {
	char place[CARRIER_PLACE];
	struct buf owned; /* its octets, unless it is nested */
	struct bytes der; /* in owned, or in that of the one it is nested in */
	struct buf content; /* what it signs, if that came with it: a JAR's .SF */
	struct bytes certificates[CARRIER_MAX_CERTIFICATES];
	unsigned certificate_count;
	struct bytes crls[CARRIER_MAX_REVOCATIONS];
	unsigned crl_count;
	struct bytes ocsps[CARRIER_MAX_REVOCATIONS];
	unsigned ocsp_count;
};

struct carrier {
	enum carrier_kind kind;
	struct carrier_document *documents[CARRIER_MAX_SIGNATURES];
	unsigned document_count;
	size_t octets; /* of all documents */
	struct carrier_signature signatures[CARRIER_MAX_SIGNATURES];
	struct buf values[CARRIER_MAX_SIGNATURES];
	unsigned signature_count;
	struct carrier_stamp stamps[CARRIER_MAX_STAMPS];
	unsigned stamp_count;
};

/* A further document, empty; NULL and err if the limits are reached. */
struct carrier_document *carrier_new_document(
	struct carrier *carrier, size_t octets, struct err *err);

/* The certificate table of a PE file: a document for each signature. */
MUST_CHECK bool carrier_read_pe(
	const struct carrier_source *source, struct carrier *carrier, struct err *err);
/* META-INF of a ZIP file: the same. */
MUST_CHECK bool carrier_read_zip(
	const struct carrier_source *source, struct carrier *carrier, struct err *err);
/* Reads the document: its signatures, their time-stamps; adds what is nested as documents. */
MUST_CHECK bool carrier_read_cms(struct carrier *carrier, unsigned document, struct err *err);

#endif
