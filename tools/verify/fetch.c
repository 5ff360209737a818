/* Owns the event loop and all documents of the run. */
#include "fetch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/http/fetch.h"

struct fetch {
	struct event_base *base;
	struct http_settings settings;
	struct fetched *documents[FETCH_MAX_DOCUMENTS];
	unsigned count;
	unsigned made; /* exchanges, for this token */
	size_t kept;
};

struct fetch *fetch_new(const struct http_settings *settings, struct err *err)
{
	struct fetch *fetch = must_calloc(1, sizeof(*fetch));

	fetch->settings = *settings;
	fetch->base = event_base_new();
	if (fetch->base != NULL)
		return fetch;
	err_set(err, "--fetch: event loop: cannot be made");
	free(fetch);
	return NULL;
}

void fetch_free(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	for (unsigned i = 0; i < fetch->count; i++) {
		free(fetch->documents[i]->url);
		buf_free(&fetch->documents[i]->request);
		buf_free(&fetch->documents[i]->octets);
		buf_free(&fetch->documents[i]->der);
		free(fetch->documents[i]);
	}
	/* A turn for the connections that libevent has still to let go of. */
	(void)event_base_loop(fetch->base, EVLOOP_NONBLOCK);
	event_base_free(fetch->base);
	free(fetch);
}

void fetch_begin(struct fetch *fetch)
{
	fetch->made = 0;
}

static struct fetched *find(const struct fetch *fetch, const char *url, struct bytes request)
{
	for (unsigned i = 0; i < fetch->count; i++)
		if (strcmp(fetch->documents[i]->url, url) == 0 &&
			bytes_equal(buf_view(&fetch->documents[i]->request), request))
			return fetch->documents[i];
	return NULL;
}

static void exchange(struct fetch *fetch, struct fetched *document, const char *type, size_t max)
{
	struct http_settings settings = fetch->settings;
	struct err *err = &document->why;
	bool ok;

	settings.max_body = max;
	fetch->made++;
	if (document->request.len > 0)
		ok = http_fetch_by_post(fetch->base, document->url, type,
			buf_view(&document->request), &settings, &document->octets, err);
	else
		ok = http_fetch(fetch->base, document->url, &settings, &document->octets, err);
	document->when = (int64_t)time(NULL);
	if (ok && document->octets.len == 0)
		err_set(err, "the answer must not be empty: is");
	if (ok && document->octets.len > FETCH_MAX_KEPT - fetch->kept) {
		err_set(err, "at most %d bytes in one run: are more", FETCH_MAX_KEPT);
		ok = false;
	}
	if (!ok)
		buf_free(&document->octets);
	fetch->kept += document->octets.len;
}

struct fetched *fetch_post(
	struct fetch *fetch, const char *url, const char *type, struct bytes request, size_t max)
{
	struct fetched *document = find(fetch, url, request);

	if (document != NULL)
		return document;
	if (fetch->made == FETCH_MAX_PER_TOKEN || fetch->count == FETCH_MAX_DOCUMENTS)
		return NULL;
	document = must_calloc(1, sizeof(*document));
	document->url = must_strdup(url);
	buf_append(&document->request, request);
	fetch->documents[fetch->count++] = document;
	exchange(fetch, document, type, max);
	return document;
}

struct fetched *fetch_get(struct fetch *fetch, const char *url, size_t max)
{
	return fetch_post(fetch, url, NULL, (struct bytes){ 0 }, max);
}

bool fetch_when(const struct fetch *fetch, const char *url, int64_t *when)
{
	for (unsigned i = 0; i < fetch->count; i++) {
		const struct fetched *document = fetch->documents[i];

		if (strcmp(document->url, url) != 0 || document->octets.len == 0)
			continue;
		*when = document->when;
		return true;
	}
	return false;
}
