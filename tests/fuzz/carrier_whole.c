/* Owns nothing. */
#include "carrier_whole.h"

#include <stdlib.h>

/* Each octet is copied, so that a sanitizer sees one that is not there. */
static void read_all(struct bytes octets)
{
	struct buf copy = { 0 };

	buf_append(&copy, octets);
	buf_free(&copy);
}

static void look_at_signature(const struct carrier *carrier, unsigned i)
{
	const struct carrier_signature *signature = carrier_signature(carrier, i);
	bool is_good = signature->result == SIGNER_INFO_GOOD ||
		       signature->result == SIGNER_INFO_GOOD_ATTRIBUTES;
	enum carrier_beside what;
	struct bytes der;
	size_t at = 0;

	read_all(signature->value);
	if (is_good && signature->signer == NULL)
		abort();
	if (is_good != (signature->why.text[0] == '\0'))
		abort();
	while (carrier_beside(carrier, signature->document, &at, &what, &der))
		read_all(der);
}

struct carrier *carrier_open_whole(struct bytes data)
{
	struct carrier_source source = carrier_source_of(data);
	struct err err = { 0 };
	struct carrier *carrier = carrier_open(&source, &err);

	if ((carrier == NULL) != (err.text[0] != '\0'))
		abort();
	if (carrier == NULL)
		return NULL;
	for (unsigned i = 0; i < carrier_signature_count(carrier); i++)
		look_at_signature(carrier, i);
	for (unsigned i = 0; i < carrier_stamp_count(carrier); i++) {
		const struct carrier_stamp *stamp = carrier_stamp(carrier, i);

		if (stamp->signature >= carrier_signature_count(carrier) || stamp->number == 0 ||
			stamp->octets.len == 0)
			abort();
		read_all(stamp->octets);
	}
	return carrier;
}
