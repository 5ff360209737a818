/* The command line of tsa-verify. */
#ifndef TSA_TOOLS_VERIFY_OPTIONS_H
#define TSA_TOOLS_VERIFY_OPTIONS_H

#include <stdbool.h>

#include "tsa/core/err.h"
#include "tsa/token/profile.h"

enum { VERIFY_MAX_CRLS = 64 };

struct verify_options {
	bool lint;
	bool show;
	enum profile profile;
	const char *crls[VERIFY_MAX_CRLS];
	unsigned crl_count;
	const char *untrusted; /* NULL: none */
	const char *query; /* NULL: none */
	bool json;
	bool help;
	bool version;
	char **files;
	int file_count;
};

extern const char verify_help[];

/* Points into argv. False and err if the options are not so. */
MUST_CHECK bool verify_options_read(
	int argc, char **argv, struct verify_options *options, struct err *err);

#endif
