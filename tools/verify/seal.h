/*
 * A bundle while it is written: beside its place, under another name, synchronised, and only when
 * it is complete moved there.  Nothing that is there is ever replaced.
 */
#ifndef TSA_TOOLS_VERIFY_SEAL_H
#define TSA_TOOLS_VERIFY_SEAL_H

#include "manifest.h"

struct seal;

/* What a file in it is; the strings may be NULL. */
struct seal_file {
	const char *name; /* as is_manifest_name() */
	struct bytes octets;
	const char *is;
	const char *source;
	const char *fetched;
};

/* True if there is nothing at folder yet; else err. */
MUST_CHECK bool seal_is_free(const char *folder, struct err *err);
/*
 * Makes the folder beside its place. NULL and err if that cannot be, or there is something there
 * already. made, by, tool: of the manifest. The caller frees.
 */
struct seal *seal_new(
	const char *folder, const char *made, const char *by, const char *tool, struct err *err);
/* Writes a file. What has the name of one that is there already is left out. */
MUST_CHECK bool seal_put(struct seal *seal, const struct seal_file *file, struct err *err);
/* Writes the manifest and gives the folder its name. */
MUST_CHECK bool seal_finish(struct seal *seal, struct err *err);
/* Takes away what was not finished. Takes NULL. */
void seal_free(struct seal *seal);

#endif
