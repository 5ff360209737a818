/*
 * Documents from the network, each asked for once in a run: what came the first time, or why
 * nothing came, is kept.  Bounded in every way: the URLs are those of strangers.
 */
#ifndef TSA_TOOLS_VERIFY_FETCH_H
#define TSA_TOOLS_VERIFY_FETCH_H

#include "tools/http/pool.h"

enum {
	FETCH_MAX_PER_TOKEN = 32, /* exchanges */
	FETCH_MAX_DOCUMENTS = 4096, /* in a run */
	FETCH_MAX_KEPT = 512 << 20, /* octets of them in all */
	FETCH_MAX_CERTIFICATES = 1 << 18, /* octets of what caIssuers names */
	FETCH_MAX_OCSP = 1 << 20,
	FETCH_JUDGE = 32, /* SHA-256 */
	FETCH_TIMEOUT_S = 10, /* for one exchange */
};

struct fetched {
	char *url;
	struct buf request; /* of a POST; empty: GET */
	struct buf octets; /* empty: nothing came */
	struct err why; /* nothing came, or it is not fit */
	int64_t when; /* seconds since 1970 */
	/* For the caller, who judges it: what of it is fit to be used, by which issuer. */
	struct buf der;
	bool judged;
	uint8_t judge[FETCH_JUDGE];
};

struct fetch;

/*
 * settings (the strings in it are borrowed): agent, ca and timeout_s count. NULL and err on
 * failure. The caller frees.
 */
struct fetch *fetch_new(const struct http_settings *settings, struct err *err);
void fetch_free(struct fetch *fetch);
/* From here on FETCH_MAX_PER_TOKEN exchanges may be made. */
void fetch_begin(struct fetch *fetch);
/*
 * What is at url, at most max octets; or what the server says to request, which is of that type.
 * Lives as long as fetch; NULL: a limit of ours keeps it from being asked. Redirects are not
 * followed.
 */
struct fetched *fetch_get(struct fetch *fetch, const char *url, size_t max);
struct fetched *fetch_post(
	struct fetch *fetch, const char *url, const char *type, struct bytes request, size_t max);
/* When something came from url first; false if nothing did. */
bool fetch_when(const struct fetch *fetch, const char *url, int64_t *when);

#endif
