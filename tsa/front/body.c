/* Owns nothing; reads headers. */
#include "tsa/front/body.h"

#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "tsa/front/base64.h"
#include "tsa/front/http.h"
#include "tsa/tsp/der.h"

/* True if the header is there and its value, without parameters, is token in any case. The value
 * may end there: strchr finds the zero. */
static bool header_is(const struct conn *conn, const char *name, const char *token)
{
	const char *value = http_header(conn, name);
	size_t len = strlen(token);

	return value != NULL && strncasecmp(value, token, len) == 0 &&
	       strchr("; \t", value[len]) != NULL;
}

/* The first octet that is no blank of JSON; 0 if there is none. */
static uint8_t first_of(struct bytes content)
{
	size_t at = 0;

	while (at < content.len && strchr(" \t\r\n", content.at[at]) != NULL &&
		content.at[at] != '\0')
		at++;
	return at < content.len ? content.at[at] : 0;
}

void body_read(const struct conn *conn, struct body *body)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(conn->request);
	size_t len = 0;

	body->content = (struct bytes){ evbuffer_pullup(in, -1), evbuffer_get_length(in) };
	body->kind = BODY_DER;
	if (header_is(conn, "Content-Transfer-Encoding", "base64")) {
		if (!base64_decode(body->content, body->decoded, sizeof(body->decoded), &len))
			body->kind = BODY_BAD_BASE64;
		body->content = (struct bytes){ body->decoded, len };
	}
	/* A SEQUENCE is no JSON: a TimeStampReq is served whatever its Content-Type. */
	if (body->kind == BODY_BAD_BASE64 || first_of(body->content) == DER_SEQUENCE)
		return;
	if (header_is(conn, "Content-Type", "application/json"))
		body->kind = BODY_JSON;
	else if (first_of(body->content) == '{')
		body->kind = BODY_UNTYPED_JSON;
}
