/* The command line of tsa-stamp. */
#ifndef TSA_TOOLS_STAMP_OPTIONS_H
#define TSA_TOOLS_STAMP_OPTIONS_H

#include "tools/http/url.h"
#include "tsa/core/bytes.h"
#include "tsa/core/err.h"
#include "tsa/tsp/request.h"

enum stamp_exit { STAMP_ALL = 0, STAMP_NOT_ALL = 1, STAMP_COULD_NOT_RUN = 3 };

enum { STAMP_MAX_RETRIES = 100, STAMP_MAX_SKEW = 1000000000 };

/* Strings are the caller's arguments; NULL: not given. */
struct stamp_options {
	const char *url_text;
	struct http_url url;
	const char *out;
	enum tsp_digest digest;
	uint8_t policy_room[TSP_MAX_OID];
	size_t policy_len; /* 0: whichever policy the TSA has */
	bool no_nonce;
	bool no_cert;
	const char *trust;
	const char *untrusted;
	const char *ca;
	const char *evidence;
	unsigned timeout_s;
	unsigned retries;
	unsigned skew_s;
	bool json;
	bool quiet;
	bool force;
	bool help;
	bool version;
	char **files;
	int file_count;
};

/* Reads argv (and moves its words about). False and err for what is not allowed. */
MUST_CHECK bool stamp_options_read(
	int argc, char **argv, struct stamp_options *options, struct err *err);

extern const char stamp_help[];

#endif
