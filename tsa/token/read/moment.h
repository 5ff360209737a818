/* GeneralizedTime as TSAs write it, and whether that is as RFC 3161 asks for. Pure. */
#ifndef TSA_TOKEN_READ_MOMENT_H
#define TSA_TOKEN_READ_MOMENT_H

#include "tsa/core/bytes.h"

enum { MOMENT_TEXT = 48 };

struct moment {
	bool readable; /* else nothing but flaw is set */
	int64_t seconds; /* since 1970, UTC */
	uint32_t micros;
	unsigned digits; /* of the fraction, as written */
	const char *flaw; /* what RFC 3161 2.4.2 forbids about it; NULL if nothing */
};

/* Reads YYYYMMDDhh[mm[ss[.f...]]] and Z, an offset or nothing: wider than any rule allows. */
struct moment moment_of(struct bytes content);
/* UTCTime or GeneralizedTime of a signingTime attribute: RFC 5652 11.3 is the rule for flaw. */
struct moment moment_of_signing_time(uint8_t tag, struct bytes content);
/* RFC 3339 with microseconds as far as there are digits; "unreadable". */
void moment_text(const struct moment *moment, char out[MOMENT_TEXT]);

#endif
