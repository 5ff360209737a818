/*
 * Any BER (X.690) as a flat list of elements in the order of the bytes: what other TSAs send is
 * not always DER.  No recursion; every length is checked against what is there, and the limits
 * below bound what is kept.  struct ber owns its list and borrows the bytes.
 */
#ifndef TSA_TOKEN_READ_BER_H
#define TSA_TOKEN_READ_BER_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	BER_MAX_INPUT = 4 << 20, /* bytes of a file; a token with CRLs in it has less */
	BER_MAX_NODES = 1 << 19, /* elements; a CRL of 80,000 entries has as many */
	BER_MAX_DEPTH = 64, /* a token with certificates goes 16 deep */
	BER_MAX_TAG_OCTETS = 4, /* after the first, of a tag number over 30 */
};

/* Universal tags beside those of der.h. */
enum {
	BER_ENUMERATED = 0x0a,
	BER_UTC_TIME = 0x17,
	BER_CONSTRUCTED = 0x20,
	BER_CLASS = 0xc0, /* bits of the class: 0 is universal */
};

struct ber_node {
	struct bytes whole; /* identifier to the last octet, end-of-contents octets included */
	struct bytes content; /* without end-of-contents octets */
	uint32_t past; /* index of the first element that is not inside */
	uint8_t tag; /* first identifier octet */
	bool indefinite;
};

struct ber {
	struct bytes input;
	struct ber_node *nodes; /* nodes[0] is the outermost */
	size_t count;
	size_t cap;
	struct bytes rest; /* what follows the outermost element */
};

/*
 * Reads one element with all that is inside it; rest gets what follows. False and err, which
 * names the offset, if it is no BER or past a limit. ber_free() in both cases.
 */
MUST_CHECK bool ber_parse(struct bytes in, struct ber *tree, struct err *err);

/* Where only the outer elements matter, and much is inside them. */
struct ber_limits {
	size_t input; /* octets */
	size_t depth; /* levels that are kept; what is deeper is read over, to BER_MAX_DEPTH */
};

/* As ber_parse(), within other limits than BER_MAX_INPUT. */
MUST_CHECK bool ber_parse_outer(
	struct bytes in, const struct ber_limits *limits, struct ber *tree, struct err *err);
void ber_free(struct ber *tree);

/* Walks the elements right inside one; failed stays set once another tag was wanted. */
struct ber_walk {
	const struct ber *tree;
	uint32_t at;
	uint32_t end;
	bool failed;
};

/* The elements inside node, which may be NULL (failed) and must be constructed (else failed). */
struct ber_walk ber_inside(const struct ber *tree, const struct ber_node *node);
/* The next element without consuming it; NULL if none is left. */
const struct ber_node *ber_peek(const struct ber_walk *walk);
/* Consumes the next element; NULL if none is left. */
const struct ber_node *ber_next(struct ber_walk *walk);
/* Consumes the next element, which must have this tag; NULL and failed if it has not. */
const struct ber_node *ber_take(struct ber_walk *walk, uint8_t tag);
/* Consumes the next element if it has this tag; else NULL. */
const struct ber_node *ber_take_if(struct ber_walk *walk, uint8_t tag);
/* True if nothing failed and nothing is left. */
bool ber_finished(const struct ber_walk *walk);

/* Offset of the element in the input. */
size_t ber_offset(const struct ber *tree, const struct ber_node *node);
/*
 * Appends the octets of an OCTET STRING, which may be constructed of others (X.690 8.7.3). False
 * if it is constructed of anything else.
 */
MUST_CHECK bool ber_octets(const struct ber *tree, const struct ber_node *node, struct buf *out);
/* INTEGER content as a number; false if it is empty or does not fit. */
MUST_CHECK bool ber_number(struct bytes content, int64_t *out);

/* What is not DER: how many places, and the first of them in words. */
struct ber_flaws {
	size_t count;
	char first[160]; /* "offset 12: X.690 10.1: ..." */
};

/*
 * Adds what is not DER (X.690 8 to 11) in the elements from (index) up to before end. Times are
 * left to those who know what they are for.
 */
void ber_strict(const struct ber *tree, uint32_t from, uint32_t end, struct ber_flaws *flaws);
/* X.690 11.6 for the elements of a SET OF; rule is the text of the flaw. */
void ber_strict_order(const struct ber *tree, const struct ber_node *set, const char *rule,
	struct ber_flaws *flaws);

#endif
