/*
 * A TimeStampResp: what decodes lies inside the input and is what OpenSSL reads in it; one of our
 * own kind encodes to the same bytes again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "tsa/tsp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[1 << 16];

/* statusString as a C string; false for one that ours could not be: long, or zero inside. */
static bool our_text(struct bytes text, char out[301])
{
	if (text.len > 300 || (text.len > 0 && memchr(text.at, 0, text.len) != NULL))
		return false;
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
	return true;
}

/* What the reply would be if we had made it; a refusal with further or empty texts differs. */
static struct bytes again(const struct tsp_reply *reply)
{
	char text[301];

	if (reply->status == 0 && reply->text.len == 0)
		return tsp_reply_granted(reply->token, buf, sizeof(buf));
	if (reply->status == 2 && reply->failure != TSP_GRANTED && our_text(reply->text, text))
		return tsp_reply_refused(reply->failure, text, buf, sizeof(buf));
	return (struct bytes){ 0 };
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_lie_inside(struct bytes part, struct bytes whole)
{
	if (part.len > 0)
		must(part.at >= whole.at && part.len <= whole.len &&
			(size_t)(part.at - whole.at) <= whole.len - part.len);
}

static void must_encode_to(const struct tsp_reply *reply, struct bytes whole)
{
	struct tsp_reply back;
	struct bytes made = again(reply);

	if (made.len == 0)
		return;
	must(made.len <= whole.len && (made.len < whole.len || bytes_equal(made, whole)));
	must(tsp_reply_decode(made, &back) && back.status == reply->status &&
		back.failure == reply->failure && bytes_equal(back.text, reply->text) &&
		bytes_equal(back.token, reply->token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes whole = { data, size };
	struct tsp_reply reply;
	const char *differs;

	if (size > sizeof(buf) || !tsp_reply_decode(whole, &reply))
		return 0;
	must_lie_inside(reply.text, whole);
	must_lie_inside(reply.token, whole);
	must(strcmp(tsp_failure_name(reply.failure), "unknown failure") != 0);
	must_encode_to(&reply, whole);
	differs = differ_reply(whole, &reply);
	if (differs != NULL)
		(void)fprintf(stderr, "OpenSSL differs in: %s\n", differs);
	must(differs == NULL);
	return 0;
}
