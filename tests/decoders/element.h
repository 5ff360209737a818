/*
 * Elements of a good answer, to be changed in place.  What is not where it must be ends the
 * program: then the answer was no good one.
 */
#ifndef TSA_TESTS_DECODERS_ELEMENT_H
#define TSA_TESTS_DECODERS_ELEMENT_H

#include "tsa/core/bytes.h"

/* One DER element. */
struct element {
	uint8_t *at;
	size_t head; /* octets of tag and length */
	size_t len; /* of its content */
};

/* Says what and ends the program. */
_Noreturn void element_die(const char *what);
/* The element that begins at at and ends before end or there. */
struct element element_at(uint8_t *at, const uint8_t *end);
/* An element of parent's content, counted from 0. */
struct element element_child(struct element parent, unsigned number);
/* Where what stands first in it. */
uint8_t *element_find(struct element in, struct bytes what);
/* The last octet of its content. */
uint8_t *element_last(struct element e);

#endif
