/*
 * Owns nothing; the bodies that have one fixed form, without a JSON library: tsa-journal reads
 * them and links none.  body_lease_open.c and body_incident.c have the rest.
 */
#include "tsa/record/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/hex.h"
#include "tsa/core/log.h"

enum { BODY_CLOSE_MAX = 128 }; /* a lease-close has at most 107 bytes */

static const char *const void_reasons[VOID_REASONS] = {
	[VOID_SIGNER_DIED] = "signer-died",
	[VOID_SIGNER_TIMEOUT] = "signer-timeout",
	[VOID_SIGNER_REFUSED] = "signer-refused",
	[VOID_NOT_RECORDED] = "not-recorded",
};

const char *void_reason_name(enum void_reason reason)
{
	if (reason >= VOID_REASONS)
		BUG("body: void reason %d", (int)reason);
	return void_reasons[reason];
}

void body_void(enum void_reason reason, struct buf *out)
{
	char text[64];

	(void)snprintf(
		text, sizeof(text), "{\"format\":1,\"reason\":\"%s\"}", void_reason_name(reason));
	buf_append(out, bytes_of_text(text));
}

void body_lease_close(uint32_t count, const uint8_t root[HASH_LEN], struct buf *out)
{
	char hex[2 * HASH_LEN + 1];
	char text[BODY_CLOSE_MAX];

	hex_encode((struct bytes){ root, HASH_LEN }, hex);
	(void)snprintf(text, sizeof(text), "{\"count\":%" PRIu32 ",\"format\":1,\"root\":\"%s\"}",
		count, hex);
	buf_append(out, bytes_of_text(text));
}

bool body_lease_close_read(
	struct bytes body, uint32_t *count, uint8_t root[HASH_LEN], struct err *err)
{
	static const char before[] = "{\"count\":";
	static const char between[] = ",\"format\":1,\"root\":\"";
	char text[BODY_CLOSE_MAX] = "";
	struct buf again = { 0 };
	unsigned long long number;
	char *end = text;
	size_t len = 0;
	bool same;

	if (body.len < sizeof(text) && body.len > strlen(before))
		memcpy(text, body.at, body.len);
	number = strtoull(text + strlen(before), &end, 10);
	if (number > UINT32_MAX || strncmp(end, between, strlen(between)) != 0)
		return err_set(err, "lease-close: body holds count and root: it does not");
	end += strlen(between);
	end[strcspn(end, "\"")] = '\0';
	if (!hex_decode(end, root, HASH_LEN, &len) || len != HASH_LEN)
		return err_set(err, "lease-close: root has %d bytes: it has not", HASH_LEN);
	*count = (uint32_t)number;
	/* One value has one form: what is not what we would write is refused. */
	body_lease_close(*count, root, &again);
	same = bytes_equal(buf_view(&again), body);
	buf_free(&again);
	if (!same)
		return err_set(err, "lease-close: body is canonical JSON: it is not");
	return true;
}
