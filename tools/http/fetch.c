/* Owns one connection for as long as the fetch takes. */
#include "tools/http/fetch.h"

struct fetch {
	struct buf *body;
	struct err *err;
	bool done;
	bool ok;
};

static void on_done(const struct http_answer *answer, void *arg)
{
	struct fetch *fetch = arg;

	fetch->done = true;
	if (answer->outcome != HTTP_ANSWERED) {
		err_set(fetch->err, "%s", answer->why);
	} else if (answer->status != 200) {
		err_set(fetch->err, "HTTP status must be 200: is %d%s%s", answer->status,
			answer->location[0] == '\0' ? "" : ", to ", answer->location);
	} else {
		buf_append(fetch->body, answer->body);
		fetch->ok = true;
	}
}

static bool exchange(struct event_base *base, const char *url, struct http_ask ask,
	const struct http_settings *settings, struct buf *body, struct err *err)
{
	struct http_settings one = *settings;
	struct fetch fetch = { .body = body, .err = err };
	struct http_pool *pool = NULL;
	struct http_url parts;

	one.connections = 1;
	if (!http_url_parse(url, &parts, err))
		return false;
	pool = http_pool_new(base, &parts, &one, err);
	if (pool == NULL)
		return false;
	ask.target = parts.target;
	http_pool_ask(pool, &ask, on_done, &fetch);
	while (!fetch.done && event_base_loop(base, EVLOOP_ONCE) == 0 &&
		!event_base_got_break(base))
		continue;
	if (!fetch.done)
		err_set(err, "interrupted");
	http_pool_free(pool);
	return fetch.ok;
}

bool http_fetch(struct event_base *base, const char *url, const struct http_settings *settings,
	struct buf *body, struct err *err)
{
	return exchange(base, url, (struct http_ask){ 0 }, settings, body, err);
}

bool http_fetch_by_post(struct event_base *base, const char *url, const char *type,
	struct bytes content, const struct http_settings *settings, struct buf *body,
	struct err *err)
{
	const struct http_ask ask = { .type = type, .body = content };

	return exchange(base, url, ask, settings, body, err);
}
