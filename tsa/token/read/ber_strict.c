/* DER and nothing else: what X.690 8 to 11 leave of BER.  Owns nothing. */
#include "ber.h"

#include <stdio.h>
#include <string.h>

#include "tsa/tsp/der.h"

enum { TRUE_OCTET = 0xff, MAX_UNUSED_BITS = 7, TAG_NUMBER = 0x1f };

static void flaw(struct ber_flaws *flaws, const struct ber *tree, const struct ber_node *node,
	const char *rule)
{
	if (flaws->count++ == 0)
		(void)snprintf(flaws->first, sizeof(flaws->first), "offset %zu: %s",
			ber_offset(tree, node), rule);
}

/* The length octets that DER takes for this many content octets. */
static size_t length_octets(size_t len)
{
	size_t octets = 1;

	if (len >= 0x80)
		for (; len > 0; len >>= 8)
			octets++;
	return octets;
}

static bool length_is_minimal(const struct ber_node *node)
{
	size_t header = (size_t)(node->content.at - node->whole.at);
	size_t tag = 1;

	if ((node->tag & TAG_NUMBER) == TAG_NUMBER)
		while ((node->whole.at[tag++] & 0x80) != 0)
			;
	return header == tag + length_octets(node->content.len);
}

/* Strings and the other universal types that DER has primitive only (X.690 10.2). */
static bool may_be_constructed(uint8_t tag)
{
	return tag == DER_SEQUENCE || tag == DER_SET || tag == (0x08 | BER_CONSTRUCTED) ||
	       tag == (0x0b | BER_CONSTRUCTED);
}

static const char *primitive_flaw(const struct ber_node *node)
{
	struct bytes content = node->content;
	char text[512];

	switch (node->tag) {
	case DER_BOOLEAN:
		if (content.len != 1 || (content.at[0] != 0 && content.at[0] != TRUE_OCTET))
			return "X.690 11.1: BOOLEAN is neither 00 nor FF";
		break;
	case DER_INTEGER:
	case BER_ENUMERATED:
		if (!der_integer_is_minimal(content))
			return "X.690 8.3.2: INTEGER is empty or has a needless first octet";
		break;
	case DER_NULL:
		if (content.len != 0)
			return "X.690 8.8.2: NULL has contents";
		break;
	case DER_OID:
		if (!der_oid_to_text(content, text, sizeof(text)))
			return "X.690 8.19: OBJECT IDENTIFIER is malformed";
		break;
	case DER_BIT_STRING:
		if (content.len == 0 || content.at[0] > MAX_UNUSED_BITS ||
			(content.len == 1 && content.at[0] != 0))
			return "X.690 8.6.2: BIT STRING is malformed";
		if (content.len > 1 &&
			(content.at[content.len - 1] & ((1U << content.at[0]) - 1)) != 0)
			return "X.690 11.2.1: BIT STRING has unused bits that are set";
		break;
	default:
		break;
	}
	return NULL;
}

/* X.690 11.6: compared as octet strings, the shorter padded with zeros. */
static bool in_order(struct bytes a, struct bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int first = memcmp(a.at, b.at, common);

	/* Elements that differ only behind the shorter one cannot be: lengths come first. */
	return first < 0 || (first == 0 && a.len <= b.len);
}

void ber_strict_order(const struct ber *tree, const struct ber_node *set, const char *rule,
	struct ber_flaws *flaws)
{
	struct ber_walk walk = ber_inside(tree, set);
	const struct ber_node *last = ber_next(&walk);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL; last = node) {
		if (in_order(last->whole, node->whole))
			continue;
		flaw(flaws, tree, node, rule);
		return;
	}
}

void ber_strict(const struct ber *tree, uint32_t from, uint32_t end, struct ber_flaws *flaws)
{
	for (uint32_t i = from; i < end; i++) {
		const struct ber_node *node = &tree->nodes[i];
		const char *text = primitive_flaw(node);

		if (text != NULL)
			flaw(flaws, tree, node, text);
		if (node->indefinite)
			flaw(flaws, tree, node, "X.690 10.1: indefinite length");
		else if (!length_is_minimal(node))
			flaw(flaws, tree, node, "X.690 10.1: length with needless octets");
		if ((node->tag & BER_CLASS) == 0 && (node->tag & BER_CONSTRUCTED) != 0 &&
			!may_be_constructed(node->tag))
			flaw(flaws, tree, node, "X.690 10.2: constructed string");
		if (node->tag == DER_SET)
			ber_strict_order(tree, node, "X.690 11.6: SET OF is not in order", flaws);
	}
}
