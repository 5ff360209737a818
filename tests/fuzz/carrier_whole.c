/* Owns nothing. */
#include "carrier_whole.h"

#include <stdlib.h>

/* Each octet is read, so that a sanitizer sees one that is not there. */
static unsigned sum_of(struct bytes octets)
{
	unsigned sum = 0;

	for (size_t i = 0; i < octets.len; i++)
		sum += octets.at[i];
	return sum;
}

static unsigned look_at_signature(const struct carrier *carrier, unsigned i)
{
	const struct carrier_signature *signature = carrier_signature(carrier, i);
	bool is_good = signature->result == SIGNER_INFO_GOOD ||
		       signature->result == SIGNER_INFO_GOOD_ATTRIBUTES;
	unsigned sum = sum_of(signature->value);
	enum carrier_beside what;
	struct bytes der;
	size_t at = 0;

	if (is_good && signature->signer == NULL)
		abort();
	if (is_good != (signature->why.text[0] == '\0'))
		abort();
	while (carrier_beside(carrier, signature->document, &at, &what, &der))
		sum += sum_of(der);
	return sum;
}

struct carrier *carrier_open_whole(struct bytes data)
{
	struct carrier_source source = carrier_source_of(data);
	struct err err = { 0 };
	struct carrier *carrier = carrier_open(&source, &err);
	volatile unsigned sum = 0;

	if ((carrier == NULL) != (err.text[0] != '\0'))
		abort();
	if (carrier == NULL)
		return NULL;
	for (unsigned i = 0; i < carrier_signature_count(carrier); i++)
		sum += look_at_signature(carrier, i);
	for (unsigned i = 0; i < carrier_stamp_count(carrier); i++) {
		const struct carrier_stamp *stamp = carrier_stamp(carrier, i);

		if (stamp->signature >= carrier_signature_count(carrier) || stamp->number == 0 ||
			stamp->octets.len == 0)
			abort();
		sum += sum_of(stamp->octets);
	}
	return carrier;
}
