/* A TimeStampResp: one of our own kind must encode to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tsp_reply reply;
	struct tsp_reply back;
	struct bytes made;

	if (size > sizeof(buf) || !tsp_reply_decode((struct bytes){ data, size }, &reply))
		return 0;
	made = again(&reply);
	if (made.len == 0)
		return 0;
	if (made.len > size || (made.len == size && memcmp(made.at, data, size) != 0))
		abort();
	if (!tsp_reply_decode(made, &back) || back.status != reply.status ||
		back.failure != reply.failure || !bytes_equal(back.text, reply.text) ||
		!bytes_equal(back.token, reply.token))
		abort();
	return 0;
}
