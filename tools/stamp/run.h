/* All files of one run: hash, ask, check, write; several under way at a time. */
#ifndef TSA_TOOLS_STAMP_RUN_H
#define TSA_TOOLS_STAMP_RUN_H

#include "report.h"

/*
 * Stamps what options name and tells report how it went. False and err if it could not even
 * begin: files of certificates, the server's name, the evidence folder.
 */
MUST_CHECK bool stamp_run(
	const struct stamp_options *options, struct report *report, struct err *err);

#endif
