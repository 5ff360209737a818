/* Owns the list of elements while it grows. */
#include "ber.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/tsp/der.h"

enum { FIRST_NODES = 256, LONG_FORM = 0x80, RESERVED_LENGTH = 0xff, HIGH_TAG = 0x1f };

/* An element whose end was not reached yet. */
struct open {
	uint32_t node; /* if it is kept */
	bool indefinite;
	size_t limit; /* where it ends, or at the latest if its length is indefinite */
};

struct parser {
	struct ber *tree;
	const struct ber_limits *limits;
	struct open open[BER_MAX_DEPTH];
	size_t depth;
	size_t at;
};

static bool err_at(struct err *err, size_t offset, const char *what)
{
	return err_set(err, "offset %zu: %s", offset, what);
}

/* Consumes identifier octets. */
static bool read_tag(struct parser *p, size_t limit, uint8_t *tag, struct err *err)
{
	const uint8_t *in = p->tree->input.at;
	size_t start = p->at;

	*tag = in[p->at++];
	if ((*tag & HIGH_TAG) != HIGH_TAG)
		return *tag != 0 ||
		       err_at(err, start, "X.690 8.1.5: end-of-contents octets where none are due");
	do {
		if (p->at == limit || p->at - start > BER_MAX_TAG_OCTETS)
			return err_at(err, start, "X.690 8.1.2.4: the tag does not end");
	} while ((in[p->at++] & LONG_FORM) != 0);
	return true;
}

/* Consumes length octets; *len is what they say, 0 if indefinite. */
static bool read_length(
	struct parser *p, size_t limit, size_t *len, bool *indefinite, struct err *err)
{
	const uint8_t *in = p->tree->input.at;
	size_t start = p->at;
	size_t octets;

	*len = 0;
	*indefinite = false;
	if (p->at == limit)
		return err_at(err, start, "X.690 8.1.3: the length is missing");
	octets = in[p->at++];
	if (octets < LONG_FORM) {
		*len = octets;
	} else if (octets == LONG_FORM) {
		*indefinite = true;
	} else {
		if (octets == RESERVED_LENGTH || octets - LONG_FORM > limit - p->at)
			return err_at(err, start, "X.690 8.1.3.5: the length is cut off");
		for (octets -= LONG_FORM; octets > 0; octets--) {
			if (*len > p->limits->input)
				return err_at(err, start, "the length goes past the end");
			*len = *len << 8 | in[p->at++];
		}
	}
	return *len <= limit - p->at || err_at(err, start, "the length goes past the end");
}

static struct ber_node *new_node(struct ber *tree)
{
	if (tree->count == tree->cap) {
		size_t cap = tree->cap == 0 ? FIRST_NODES : 2 * tree->cap;
		struct ber_node *nodes = realloc(tree->nodes, cap * sizeof(*nodes));

		if (nodes == NULL)
			abort();
		tree->nodes = nodes;
		tree->cap = cap;
	}
	return &tree->nodes[tree->count++];
}

/* Keeps an element whose header ends at p->at; false if there are too many. */
static bool keep_element(struct parser *p, const struct ber_node *element, struct err *err)
{
	struct ber_node *node;

	if (p->depth >= p->limits->depth)
		return true;
	if (p->tree->count == BER_MAX_NODES)
		return err_set(err, "at most %d elements: there are more", BER_MAX_NODES);
	node = new_node(p->tree);
	*node = *element;
	node->past = (uint32_t)p->tree->count;
	return true;
}

static bool read_element(struct parser *p, struct err *err)
{
	struct ber *tree = p->tree;
	size_t limit = p->depth == 0 ? tree->input.len : p->open[p->depth - 1].limit;
	size_t start = p->at;
	struct ber_node node = { 0 };
	size_t len;

	if (p->at >= limit)
		return err_at(err, start, "X.690 8.1: an element was to follow");
	if (!read_tag(p, limit, &node.tag, err) ||
		!read_length(p, limit, &len, &node.indefinite, err))
		return false;
	if (node.indefinite && (node.tag & BER_CONSTRUCTED) == 0)
		return err_at(err, start, "X.690 8.1.3.2: indefinite length of a primitive");
	node.content = (struct bytes){ tree->input.at + p->at, len };
	node.whole = (struct bytes){ tree->input.at + start, p->at + len - start };
	if (!keep_element(p, &node, err))
		return false;
	if ((node.tag & BER_CONSTRUCTED) == 0) {
		p->at += len;
		return true;
	}
	if (p->depth == BER_MAX_DEPTH)
		return err_set(
			err, "offset %zu: at most %d levels: there are more", start, BER_MAX_DEPTH);
	p->open[p->depth++] = (struct open){ (uint32_t)(tree->count - 1), node.indefinite,
		node.indefinite ? limit : p->at + len };
	return true;
}

/* True if the innermost open element ends here; it is closed then. */
static bool close_one(struct parser *p)
{
	const struct open *open = &p->open[p->depth - 1];
	const uint8_t *in = p->tree->input.at;
	size_t end = p->at; /* of the contents */
	struct ber_node *node;

	if (open->indefinite) {
		if (open->limit - p->at < 2 || in[p->at] != 0 || in[p->at + 1] != 0)
			return false;
		p->at += 2;
	} else if (p->at < open->limit) {
		return false;
	}
	p->depth--;
	if (p->depth >= p->limits->depth)
		return true;
	node = &p->tree->nodes[open->node];
	node->content.len = (size_t)(in + end - node->content.at);
	node->whole.len = (size_t)(in + p->at - node->whole.at);
	node->past = (uint32_t)p->tree->count;
	return true;
}

bool ber_parse_outer(
	struct bytes in, const struct ber_limits *limits, struct ber *tree, struct err *err)
{
	struct parser p = { .tree = tree, .limits = limits };

	*tree = (struct ber){ .input = in };
	if (in.len > limits->input)
		return err_set(err, "at most %zu bytes: has %zu", limits->input, in.len);
	do {
		if (!read_element(&p, err))
			return false;
		while (p.depth > 0 && close_one(&p))
			;
	} while (p.depth > 0);
	tree->rest = (struct bytes){ in.at + p.at, in.len - p.at };
	return true;
}

bool ber_parse(struct bytes in, struct ber *tree, struct err *err)
{
	static const struct ber_limits limits = { BER_MAX_INPUT, BER_MAX_DEPTH + 1 };

	return ber_parse_outer(in, &limits, tree, err);
}

void ber_free(struct ber *tree)
{
	free(tree->nodes);
	*tree = (struct ber){ 0 };
}

struct ber_walk ber_inside(const struct ber *tree, const struct ber_node *node)
{
	struct ber_walk walk = { .tree = tree };

	if (node == NULL || (node->tag & BER_CONSTRUCTED) == 0) {
		walk.failed = true;
		return walk;
	}
	walk.at = (uint32_t)(node - tree->nodes) + 1;
	walk.end = node->past;
	return walk;
}

const struct ber_node *ber_peek(const struct ber_walk *walk)
{
	return walk->failed || walk->at >= walk->end ? NULL : &walk->tree->nodes[walk->at];
}

const struct ber_node *ber_next(struct ber_walk *walk)
{
	const struct ber_node *node = ber_peek(walk);

	if (node != NULL)
		walk->at = node->past;
	return node;
}

const struct ber_node *ber_take_if(struct ber_walk *walk, uint8_t tag)
{
	const struct ber_node *node = ber_peek(walk);

	return node != NULL && node->tag == tag ? ber_next(walk) : NULL;
}

const struct ber_node *ber_take(struct ber_walk *walk, uint8_t tag)
{
	const struct ber_node *node = ber_take_if(walk, tag);

	if (node == NULL)
		walk->failed = true;
	return node;
}

bool ber_finished(const struct ber_walk *walk)
{
	return !walk->failed && walk->at >= walk->end;
}

size_t ber_offset(const struct ber *tree, const struct ber_node *node)
{
	return (size_t)(node->whole.at - tree->input.at);
}

bool ber_octets(const struct ber *tree, const struct ber_node *node, struct buf *out)
{
	uint32_t first = (uint32_t)(node - tree->nodes);

	if ((node->tag & BER_CONSTRUCTED) == 0) {
		buf_append(out, node->content);
		return true;
	}
	for (uint32_t i = first + 1; i < node->past; i++) {
		const struct ber_node *part = &tree->nodes[i];

		if ((part->tag & ~BER_CONSTRUCTED) != DER_OCTET_STRING)
			return false;
		if ((part->tag & BER_CONSTRUCTED) == 0)
			buf_append(out, part->content);
	}
	return true;
}

bool ber_number(struct bytes content, int64_t *out)
{
	uint64_t value;

	if (content.len == 0 || content.len > sizeof(value))
		return false;
	value = (content.at[0] & 0x80) != 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < content.len; i++)
		value = value << 8 | content.at[i];
	memcpy(out, &value, sizeof(*out)); /* two's complement, as it stands */
	return true;
}
