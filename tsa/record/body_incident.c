/*
 * Owns nothing; the body of an incident.  Numbers and two fixed words: what it writes is RFC 8785
 * as it stands, and one value has one form.
 */
#include "tsa/record/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tsa/core/log.h"

enum { BODY_FORMAT = 1, BODY_INCIDENT_MAX = 192 };

static const char *const whats[INCIDENT_WHATS] = {
	[INCIDENT_JOURNAL_BEHIND] = "journal-behind",
	[INCIDENT_CONFLICT_ACCEPTED] = "conflict-accepted",
};

const char *incident_what_name(enum incident_what what)
{
	if (what >= INCIDENT_WHATS)
		BUG("body: incident %d", (int)what);
	return whats[what];
}

static void lease_text(uint32_t lease, char out[16])
{
	if (lease == 0)
		(void)snprintf(out, 16, "null");
	else
		(void)snprintf(out, 16, "%" PRIu32, lease);
}

void body_incident(const struct incident *i, struct buf *out)
{
	const char *what = incident_what_name(i->what);
	char text[BODY_INCIDENT_MAX];
	char lease[16];
	char newer[16];

	lease_text(i->lease, lease);
	lease_text(i->newer_lease, newer);
	if (i->what == INCIDENT_JOURNAL_BEHIND)
		(void)snprintf(text, sizeof(text),
			"{\"database_end\":%" PRIu32 ",\"format\":%d,\"journal_end\":%" PRIu32
			",\"lease\":%s,\"newer_lease\":%s,\"what\":\"%s\"}",
			i->database_end, BODY_FORMAT, i->journal_end, lease, newer, what);
	else
		(void)snprintf(text, sizeof(text),
			"{\"ctr\":%" PRIu32 ",\"format\":%d,\"lease\":%s,\"what\":\"%s\"}", i->ctr,
			BODY_FORMAT, lease, what);
	buf_append(out, bytes_of_text(text));
}

/* What is no such number is 0, and then the body is not what would be written for it. */
static uint32_t number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static bool read_what(const json_t *object, enum incident_what *what)
{
	const char *name = json_string_value(json_object_get(object, "what"));

	for (int i = 0; name != NULL && i < INCIDENT_WHATS; i++) {
		if (strcmp(name, whats[i]) == 0) {
			*what = (enum incident_what)i;
			return true;
		}
	}
	return false;
}

bool body_incident_read(struct bytes body, struct incident *incident, struct err *err)
{
	json_error_t error;
	json_t *object =
		json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, &error);
	struct buf again = { 0 };
	bool ok = false;

	memset(incident, 0, sizeof(*incident));
	if (object == NULL) {
		(void)err_set(err, "incident: body is JSON: %s", error.text);
		goto out;
	}
	if (!read_what(object, &incident->what)) {
		(void)err_set(err, "incident: body says what: it does not");
		goto out;
	}
	incident->lease = number(object, "lease");
	incident->ctr = number(object, "ctr");
	incident->journal_end = number(object, "journal_end");
	incident->database_end = number(object, "database_end");
	incident->newer_lease = number(object, "newer_lease");
	body_incident(incident, &again);
	ok = bytes_equal(buf_view(&again), body);
	if (!ok)
		(void)err_set(err, "incident: body is canonical JSON of format %d: it is not",
			BODY_FORMAT);
out:
	json_decref(object);
	buf_free(&again);
	return ok;
}
