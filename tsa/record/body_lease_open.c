/* Owns nothing; the body of a lease-open, written and read with jansson. */
#include "tsa/record/body.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tsa/core/hex.h"
#include "tsa/core/log.h"

enum { BODY_FORMAT = 1, BODY_TEXT_MAX = 255 };

/* Takes value. */
static void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		BUG("body: out of memory");
}

static json_t *text_value(const char *text)
{
	size_t len = strlen(text);

	if (len > BODY_TEXT_MAX)
		BUG("body: a text of %zu bytes", len);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			BUG("body: a text that is not printable ASCII");
	}
	return json_string(text);
}

static json_t *hex_value(struct bytes b)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(b, hex);
	return json_string(hex);
}

/* null for the first lease of a journal. */
static json_t *previous_lease(const struct lease_open *open)
{
	json_t *previous;

	if (!open->has_previous)
		return json_null();
	previous = json_object();
	put(previous, "closed", json_boolean(open->previous_closed));
	put(previous, "count", json_integer(open->previous_count));
	put(previous, "lease", json_integer(open->previous_lease));
	put(previous, "root", hex_value((struct bytes){ open->previous_root, HASH_LEN }));
	return previous;
}

void body_lease_open(const struct lease_open *open, struct buf *out)
{
	json_t *object = json_object();
	uint8_t instance[4];
	struct writer w = { .at = instance, .cap = sizeof(instance) };
	char *text;

	writer_u32(&w, open->instance);
	put(object, "boot_id", text_value(open->boot_id));
	put(object, "clock", text_value(open->clock));
	put(object, "clock_bound_us", json_integer(open->clock_bound_us));
	put(object, "clock_status", text_value(open->clock_status));
	put(object, "config_sha256", hex_value((struct bytes){ open->config_sha256, HASH_LEN }));
	put(object, "format", json_integer(BODY_FORMAT));
	put(object, "instance", hex_value((struct bytes){ instance, sizeof(instance) }));
	put(object, "lease", json_integer(open->lease));
	put(object, "node", text_value(open->node));
	put(object, "previous", previous_lease(open));
	put(object, "version", text_value(open->version));
	/* RFC 8785 is jansson's compact form with sorted keys: only integers, only ASCII. */
	text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL)
		BUG("body: out of memory");
	buf_append(out, bytes_of_text(text));
	free(text);
	json_decref(object);
}

/* The body as an object of our format; the caller decrefs. NULL and err if it is none. */
static json_t *parse(struct bytes body, struct err *err)
{
	json_error_t error;
	json_t *object =
		json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, &error);

	if (object == NULL) {
		(void)err_set(err, "lease-open: body is JSON: %s", error.text);
		return NULL;
	}
	if (json_integer_value(json_object_get(object, "format")) != BODY_FORMAT) {
		(void)err_set(err, "lease-open: body has format %d: it has not", BODY_FORMAT);
		json_decref(object);
		return NULL;
	}
	return object;
}

char *body_lease_open_node(struct bytes body, struct err *err)
{
	json_t *object = parse(body, err);
	const char *node = json_string_value(json_object_get(object, "node"));
	char *copy = NULL;

	if (node != NULL)
		copy = must_strdup(node);
	else if (object != NULL)
		(void)err_set(err, "lease-open: body names the node: it does not");
	json_decref(object);
	return copy;
}
