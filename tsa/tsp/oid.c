/*
 * OBJECT IDENTIFIERs as people write them, both ways (declared in der.h).  Arcs have no size
 * limit of their own: 2.25 followed by a UUID is 128 bits long and is a policy people do use.
 */
#include "tsa/tsp/der.h"

enum {
	MAX_DIGITS = 128, /* of one arc: decimal, or groups of seven bits */
	DECIMAL = 10,
	GROUP = 128, /* X.690 8.19.2: seven bits an octet */
	FIRST_FACTOR = 40, /* X.690 8.19.4: 40 * first arc + second arc */
};

/* A number without sign, least significant digit first, in the base its user names. */
struct number {
	uint8_t digit[MAX_DIGITS];
	size_t len; /* 0: zero */
};

/* n = n * factor + add; false if it grows past its place. */
static bool scale(struct number *n, unsigned base, unsigned factor, unsigned add)
{
	unsigned carry = add;

	for (size_t i = 0; i < n->len; i++) {
		carry += n->digit[i] * factor;
		n->digit[i] = (uint8_t)(carry % base);
		carry /= base;
	}
	for (; carry > 0; carry /= base) {
		if (n->len == sizeof(n->digit))
			return false;
		n->digit[n->len++] = (uint8_t)(carry % base);
	}
	return true;
}

/* Takes 80 = 2 * FIRST_FACTOR from a decimal number that is not less. */
static void take_80(struct number *n)
{
	unsigned borrow = 8;

	for (size_t i = 1; borrow > 0 && i < n->len; i++) {
		unsigned digit = n->digit[i] + 10U - borrow;

		n->digit[i] = (uint8_t)(digit % 10);
		borrow = digit < 10 ? 1 : 0;
	}
	while (n->len > 0 && n->digit[n->len - 1] == 0)
		n->len--;
}

/* Splits the first subidentifier: gives the first arc and leaves the second in n. */
static unsigned split_first(struct number *n)
{
	unsigned value = 0;
	unsigned first;

	if (n->len > 2) {
		take_80(n);
		return 2;
	}
	for (size_t i = n->len; i > 0; i--)
		value = value * DECIMAL + n->digit[i - 1];
	first = value / FIRST_FACTOR < 2 ? value / FIRST_FACTOR : 2;
	*n = (struct number){ 0 };
	(void)scale(n, DECIMAL, 1, value - first * FIRST_FACTOR);
	return first;
}

struct text {
	char *at;
	size_t cap;
	size_t len;
};

static bool put_char(struct text *t, char c)
{
	if (t->len + 1 >= t->cap)
		return false;
	t->at[t->len++] = c;
	t->at[t->len] = '\0';
	return true;
}

static bool put_number(struct text *t, const struct number *n)
{
	if (n->len == 0)
		return put_char(t, '0');
	for (size_t i = n->len; i > 0; i--)
		if (!put_char(t, (char)('0' + n->digit[i - 1])))
			return false;
	return true;
}

bool der_oid_to_text(struct bytes content, char *out, size_t cap)
{
	struct text t = { .at = out, .cap = cap };
	struct number arc = { 0 };
	bool starts_arc = true;

	if (cap > 0)
		out[0] = '\0';
	for (size_t i = 0; i < content.len; i++) {
		if ((starts_arc && content.at[i] == GROUP) ||
			!scale(&arc, DECIMAL, GROUP, content.at[i] & 0x7fU))
			return false;
		starts_arc = content.at[i] < GROUP;
		if (!starts_arc)
			continue;
		if (t.len == 0 && !put_char(&t, (char)('0' + split_first(&arc))))
			return false;
		if (!put_char(&t, '.') || !put_number(&t, &arc))
			return false;
		arc = (struct number){ 0 };
	}
	return content.len > 0 && starts_arc;
}

/* Reads the decimal digits of one arc into n, base GROUP, and moves *text past them. */
static bool read_arc(const char **text, struct number *n)
{
	const char *at = *text;

	*n = (struct number){ 0 };
	if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		if (!scale(n, GROUP, DECIMAL, (unsigned)(*at - '0')))
			return false;
	*text = at;
	return true;
}

/* True for a number below limit, which is at most GROUP. */
static bool is_below(const struct number *n, unsigned limit)
{
	return n->len == 0 || (n->len == 1 && n->digit[0] < limit);
}

/* Appends n as a subidentifier at out; the octets written, 0 if cap is short. */
static size_t put_arc(const struct number *n, uint8_t *out, size_t cap)
{
	size_t len = n->len == 0 ? 1 : n->len;

	if (len > cap)
		return 0;
	for (size_t i = 0; i < len; i++) {
		unsigned group = n->len == 0 ? 0 : n->digit[len - 1 - i];

		out[i] = (uint8_t)(i + 1 < len ? group | GROUP : group);
	}
	return len;
}

size_t der_oid_from_text(const char *text, uint8_t *out, size_t cap)
{
	struct number arc;
	unsigned first;
	size_t len;

	if (!read_arc(&text, &arc) || !is_below(&arc, 3) || *text++ != '.')
		return 0;
	first = arc.len == 0 ? 0 : arc.digit[0];
	if (!read_arc(&text, &arc) || (first < 2 && !is_below(&arc, FIRST_FACTOR)) ||
		!scale(&arc, GROUP, 1, first * FIRST_FACTOR))
		return 0;
	len = put_arc(&arc, out, cap);
	while (len > 0 && *text == '.') {
		size_t more;

		text++;
		if (!read_arc(&text, &arc))
			return 0;
		more = put_arc(&arc, out + len, cap - len);
		len = more == 0 ? 0 : len + more;
	}
	return *text == '\0' ? len : 0;
}
