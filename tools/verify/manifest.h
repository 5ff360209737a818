/*
 * manifest.json of a bundle: the name, size and digests of each file in it, what it is and where it
 * came from.  No I/O.  The form is described in tsa-verify(1).
 */
#ifndef TSA_TOOLS_VERIFY_MANIFEST_H
#define TSA_TOOLS_VERIFY_MANIFEST_H

#include <stdint.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	MANIFEST_MAX = 8 << 20, /* octets of it */
	MANIFEST_MAX_FILES = 8192,
	MANIFEST_MAX_NAME = 160, /* with NUL */
	MANIFEST_MAX_TEXT = 4096, /* with NUL; of any other string */
	MANIFEST_SHA256 = 32,
	MANIFEST_SHA512 = 64,
};

struct manifest_file {
	char *name; /* "token.tsr", "certs/12ab....cer" */
	uint64_t size;
	uint8_t sha256[MANIFEST_SHA256];
	uint8_t sha512[MANIFEST_SHA512];
	/* For people; NULL: not said. */
	char *is; /* "token", "certificate", "anchor", "crl" */
	char *source; /* URL, or the name of a file as it was given */
	char *fetched; /* 2026-11-24T08:15:00Z: when it came from that URL */
};

/* All owned. */
struct manifest {
	char *made; /* 2026-11-24T08:15:00Z */
	char *by; /* who */
	char *tool; /* "tsa-verify 0.1.0" */
	struct manifest_file *files;
	unsigned count;
};

/*
 * Reads one of format 1; what it has beside that is left alone. False and err if it is not so, or
 * past a limit. manifest_wipe() in both cases.
 */
MUST_CHECK bool manifest_read(struct bytes json, struct manifest *manifest, struct err *err);
void manifest_wipe(struct manifest *manifest);
/* The same manifest gives the same octets. The caller frees. */
struct buf manifest_write(const struct manifest *manifest);
/*
 * Adds a file of that name (which is_manifest_name()) with the size and digests of octets. The
 * other members are NULL; the pointer is good until the next call.
 */
struct manifest_file *manifest_add(
	struct manifest *manifest, const char *name, struct bytes octets);
/* NULL: there is none of that name. */
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name);
/* False and err if octets are not what the manifest says of the file. */
MUST_CHECK bool manifest_check(
	const struct manifest_file *file, struct bytes octets, struct err *err);
/*
 * At most one "/", each part of letters, digits, ".", "_" and "-", none beginning with "."; shorter
 * than MANIFEST_MAX_NAME.
 */
bool is_manifest_name(const char *name);

#endif
