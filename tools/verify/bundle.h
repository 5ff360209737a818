/*
 * A folder of evidence: a bundle of --collect, whose manifest is held against every file, or any
 * folder of certificates, CRLs, OCSP responses, tokens and evidence records, each known by what it
 * is and not by its name.  Nothing in it is trusted because it is there.
 */
#ifndef TSA_TOOLS_VERIFY_BUNDLE_H
#define TSA_TOOLS_VERIFY_BUNDLE_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	BUNDLE_MAX_FILES = 8192,
	BUNDLE_MAX_DEPTH = 4, /* folders in one another */
	BUNDLE_MAX_FILE = 64 << 20, /* octets */
	BUNDLE_MAX_OCTETS = 512 << 20, /* of all files */
	BUNDLE_MAX_ITEMS = 65536, /* a PEM file has several */
};

enum bundle_kind {
	BUNDLE_CERTIFICATE,
	BUNDLE_CRL,
	BUNDLE_OCSP,
	BUNDLE_TOKEN, /* a response or a token */
	BUNDLE_RECORD, /* RFC 4998 */
	BUNDLE_MANIFEST, /* manifest.json itself: what is proved to exist proves its files */
};

struct bundle_item {
	enum bundle_kind kind;
	char *name; /* of the file, from the folder on as it was given */
	struct buf octets; /* DER or BER */
};

struct bundle {
	struct bundle_item *items;
	unsigned count;
	unsigned cap;
	unsigned others; /* files that are none of these */
};

/*
 * Reads all of it. False and err if the folder cannot be read, is past a limit, or is not what its
 * manifest says: a file that differs, is missing, or is not named there. A bundle may have
 * record.ers and manifest.json.*.tsr (tokens over it) beside what is named. bundle_wipe() always.
 */
MUST_CHECK bool bundle_read(const char *folder, struct bundle *bundle, struct err *err);
void bundle_wipe(struct bundle *bundle);
/*
 * Adds what the octets of a file are: DER or BER of one thing, or PEM of several. False and err
 * past a limit.
 */
MUST_CHECK bool bundle_sort(
	struct bundle *bundle, const char *name, struct bytes octets, struct err *err);

#endif
