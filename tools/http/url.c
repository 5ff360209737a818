/* Owns nothing; libevent's URI parser under our limits. */
#include "tools/http/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <event2/http.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, MAX_PORT = 65535, SHOWN = 200 };

static bool is_address(const char *host)
{
	struct in6_addr room;

	return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1;
}

/* "[::1]" without its brackets. */
static bool take_host(const char *host, struct http_url *url)
{
	size_t len = host == NULL ? 0 : strlen(host);
	bool bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';

	if (bracketed) {
		host++;
		len -= 2;
	}
	if (len == 0 || len > HTTP_MAX_HOST)
		return false;
	memcpy(url->host, host, len);
	url->host[len] = '\0';
	url->numeric = is_address(url->host);
	/* In brackets libevent takes more than addresses (RFC 3986: IPvFuture). */
	return url->numeric || !bracketed;
}

static void name_authority(struct http_url *url)
{
	bool brackets = strchr(url->host, ':') != NULL;
	char port[8] = "";

	if (url->port != (url->tls ? PORT_HTTPS : PORT_HTTP))
		(void)snprintf(port, sizeof(port), ":%u", (unsigned)url->port);
	(void)snprintf(url->authority, sizeof(url->authority), "%s%s%s%s", brackets ? "[" : "",
		url->host, brackets ? "]" : "", port);
}

static bool take_target(const struct evhttp_uri *uri, struct http_url *url)
{
	const char *path = evhttp_uri_get_path(uri);
	const char *query = evhttp_uri_get_query(uri);
	int n = snprintf(url->target, sizeof(url->target), "%s%s%s",
		path == NULL || path[0] == '\0' ? "/" : path, query == NULL ? "" : "?",
		query == NULL ? "" : query);

	return n > 0 && (size_t)n < sizeof(url->target);
}

static bool take_parts(
	const struct evhttp_uri *uri, const char *text, struct http_url *url, struct err *err)
{
	const char *scheme = evhttp_uri_get_scheme(uri);
	int port = evhttp_uri_get_port(uri);

	if (scheme == NULL || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		return err_set(err, "URL: must begin with http:// or https://: %.*s", SHOWN, text);
	url->tls = strcasecmp(scheme, "https") == 0;
	if (evhttp_uri_get_userinfo(uri) != NULL)
		return err_set(err, "URL: must have no user and no password: has one");
	if (evhttp_uri_get_fragment(uri) != NULL)
		return err_set(err, "URL: must have no fragment: %.*s", SHOWN, text);
	if (!take_host(evhttp_uri_get_host(uri), url))
		return err_set(err, "URL: must name a host of at most %d characters: %.*s",
			HTTP_MAX_HOST, SHOWN, text);
	if (port == 0 || port > MAX_PORT)
		return err_set(err, "URL: port: 1 to %d: is %d", MAX_PORT, port);
	url->port = port > 0 ? (uint16_t)port : url->tls ? PORT_HTTPS : PORT_HTTP;
	if (!take_target(uri, url))
		return err_set(err, "URL: path and query: at most %d characters: %.*s",
			HTTP_MAX_TARGET, SHOWN, text);
	name_authority(url);
	return true;
}

bool http_url_parse(const char *text, struct http_url *url, struct err *err)
{
	struct evhttp_uri *uri = NULL;
	bool ok = false;

	*url = (struct http_url){ 0 };
	if (strlen(text) > HTTP_MAX_URL)
		return err_set(
			err, "URL: at most %d characters: has %zu", HTTP_MAX_URL, strlen(text));
	uri = evhttp_uri_parse(text);
	if (uri == NULL)
		return err_set(err, "URL: must be a URL (RFC 3986): %.*s", SHOWN, text);
	ok = take_parts(uri, text, url, err);
	evhttp_uri_free(uri);
	return ok;
}
