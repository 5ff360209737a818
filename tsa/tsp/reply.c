/* TimeStampResp and PKIStatusInfo both ways.  Looks at a token only as one DER element. */
#include "tsa/tsp/reply.h"

#include "tsa/tsp/der.h"

enum {
	STATUS_GRANTED = 0,
	STATUS_WITH_MODS = 1,
	STATUS_REJECTION = 2,
	STATUS_LAST = 5, /* revocationNotification */
	MAX_TEXT = 300, /* bytes of our statusString */
	MAX_BIT = TSP_SYSTEM_FAILURE,
	CONTINUATION = 0x80, /* UTF-8: 10xxxxxx */
};

/* P-12: the only values of PKIFailureInfo that are supported, bit n for value n. */
static bool is_failure(int value)
{
	static const uint32_t supported =
		1U << TSP_BAD_ALG | 1U << TSP_BAD_REQUEST | 1U << TSP_BAD_DATA_FORMAT |
		1U << TSP_TIME_NOT_AVAILABLE | 1U << TSP_UNACCEPTED_POLICY |
		1U << TSP_UNACCEPTED_EXTENSION | 1U << TSP_ADD_INFO_NOT_AVAILABLE |
		1U << TSP_SYSTEM_FAILURE;

	return value >= 0 && value <= MAX_BIT && (supported >> value & 1) != 0;
}

/* How many octets the UTF-8 character has that starts with lead; 0: none does (RFC 3629 4). */
static size_t utf8_len(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* RFC 3629 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool second_fits(uint8_t lead, uint8_t second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

static bool is_utf8(struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = utf8_len(text.at[i]);

		if (len == 0 || len > text.len - i)
			return false;
		for (size_t k = 1; k < len; k++)
			if ((text.at[i + k] & 0xc0) != CONTINUATION)
				return false;
		if (len > 1 && !second_fits(text.at[i], text.at[i + 1]))
			return false;
		i += len;
	}
	return true;
}

struct bytes tsp_reply_granted(struct bytes token, uint8_t *buf, size_t cap)
{
	struct der_out d = der_out_on(buf, cap);
	size_t reply = der_out_mark(&d);
	size_t status;

	der_put_raw(&d, token);
	status = der_out_mark(&d);
	der_put_u64(&d, DER_INTEGER, STATUS_GRANTED);
	der_put_header(&d, DER_SEQUENCE, status);
	der_put_header(&d, DER_SEQUENCE, reply);
	return der_out_view(&d);
}

/* BIT STRING of a named-bit list: up to the bit and no further (X.690 11.2.2, P-12). */
static void put_failure(struct der_out *d, unsigned bit)
{
	uint8_t content[2 + MAX_BIT / 8] = { (uint8_t)(7 - bit % 8) };

	content[1 + bit / 8] = (uint8_t)(0x80 >> bit % 8);
	der_put(d, DER_BIT_STRING, (struct bytes){ content, 2 + bit / 8 });
}

struct bytes tsp_reply_refused(enum tsp_failure failure, const char *text, uint8_t *buf, size_t cap)
{
	struct der_out d = der_out_on(buf, cap);
	struct bytes words = bytes_of_text(text);
	size_t mark = der_out_mark(&d);

	if (!is_failure((int)failure) || words.len > MAX_TEXT || !is_utf8(words))
		return (struct bytes){ 0 };
	put_failure(&d, (unsigned)failure);
	if (words.len > 0) {
		size_t texts = der_out_mark(&d);

		der_put(&d, DER_UTF8_STRING, words);
		der_put_header(&d, DER_SEQUENCE, texts);
	}
	der_put_u64(&d, DER_INTEGER, STATUS_REJECTION);
	der_put_header(&d, DER_SEQUENCE, mark);
	der_put_header(&d, DER_SEQUENCE, mark);
	return der_out_view(&d);
}

/* PKIFreeText: one or more UTF8String; the first is given. */
static bool take_texts(struct der *info, struct bytes *first)
{
	struct der d;

	if (!der_next_is(info, DER_SEQUENCE))
		return true;
	d = der_enter(info, DER_SEQUENCE);
	*first = der_take(&d, DER_UTF8_STRING);
	if (d.failed || !is_utf8(*first))
		return false;
	while (!d.failed && d.rest.len > 0)
		if (!is_utf8(der_take(&d, DER_UTF8_STRING)))
			return false;
	return der_finished(&d);
}

/* P-12: exactly one of the eight bits that RFC 3161 has, as the DER of a named-bit list. */
static bool take_failure(struct der *info, enum tsp_failure *failure)
{
	struct bytes content;
	unsigned bit;

	if (!der_next_is(info, DER_BIT_STRING))
		return true;
	content = der_take(info, DER_BIT_STRING);
	if (content.len < 2 || content.len > 2 + MAX_BIT / 8 || content.at[0] > 7)
		return false;
	for (size_t i = 1; i + 1 < content.len; i++)
		if (content.at[i] != 0)
			return false;
	/* The last bit that is there is the one that is set. */
	if (content.at[content.len - 1] != 1U << content.at[0])
		return false;
	bit = 8 * (unsigned)(content.len - 2) + 7 - content.at[0];
	if (!is_failure((int)bit))
		return false;
	*failure = (enum tsp_failure)bit;
	return true;
}

bool tsp_reply_decode(struct bytes der, struct tsp_reply *reply)
{
	struct der d = { .rest = der };
	struct der fields = der_enter(&d, DER_SEQUENCE);
	struct der info = der_enter(&fields, DER_SEQUENCE);
	bool granted;

	*reply = (struct tsp_reply){ .failure = TSP_GRANTED };
	if (!der_finished(&d))
		return false;
	reply->status = der_take_u64(&info, DER_INTEGER);
	if (reply->status > STATUS_LAST || !take_texts(&info, &reply->text) ||
		!take_failure(&info, &reply->failure) || !der_finished(&info))
		return false;
	if (der_next_is(&fields, DER_SEQUENCE))
		reply->token = der_take_whole(&fields, DER_SEQUENCE);
	/* P-11: a token exactly when granted; a reason for failure only when not. */
	granted = reply->status == STATUS_GRANTED || reply->status == STATUS_WITH_MODS;
	return der_finished(&fields) && granted == (reply->token.len > 0) &&
	       !(granted && reply->failure != TSP_GRANTED);
}
