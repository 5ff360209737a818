#include "tests/decoders/element.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void element_die(const char *what)
{
	fprintf(stderr, "tsa-decoders-forge: %s\n", what);
	exit(3);
}

struct element element_at(uint8_t *at, const uint8_t *end)
{
	struct element e = { .at = at, .head = 2 };
	size_t octets;

	if (end - at < 2)
		element_die("an element must have a header: has not");
	e.len = at[1];
	if (at[1] >= 0x80) {
		octets = at[1] & 0x7f;
		if (octets > 2 || (size_t)(end - at) < 2 + octets)
			element_die("a length must have at most two octets: has not");
		for (e.len = 0; e.head < 2 + octets; e.head++)
			e.len = e.len << 8 | at[e.head];
	}
	if (e.head + e.len > (size_t)(end - at))
		element_die("an element must end within its parent: does not");
	return e;
}

struct element element_child(struct element parent, unsigned number)
{
	uint8_t *end = parent.at + parent.head + parent.len;
	struct element e = element_at(parent.at + parent.head, end);

	for (; number > 0; number--)
		e = element_at(e.at + e.head + e.len, end);
	return e;
}

uint8_t *element_find(struct element in, struct bytes what)
{
	uint8_t *at = memmem(in.at, in.head + in.len, what.at, what.len);

	if (at == NULL)
		element_die("the good answer must hold what is to be forged: does not");
	return at;
}

uint8_t *element_last(struct element e)
{
	return e.at + e.head + e.len - 1;
}
