/* Owns nothing. */
#include "tsa/authority/incident_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_DIGITS = 8, MAX_ID = LEASE_DIGITS + 1 + 10 };

bool incident_id_read(const char *text, struct incident *accepted, struct err *err)
{
	char again[MAX_ID + 1];
	unsigned long long lease = 0;
	unsigned long long ctr = 0;

	memset(accepted, 0, sizeof(*accepted));
	accepted->what = INCIDENT_CONFLICT_ACCEPTED;
	if (strlen(text) <= MAX_ID && strspn(text, "0123456789abcdef") == LEASE_DIGITS &&
		text[LEASE_DIGITS] == '-') {
		lease = strtoull(text, NULL, 16);
		ctr = strtoull(text + LEASE_DIGITS + 1, NULL, 10);
	}
	if (lease > 0 && ctr <= INT32_MAX) {
		accepted->lease = (uint32_t)lease;
		accepted->ctr = (uint32_t)ctr;
	}
	/* One name has one form: what would not be written so is none. */
	(void)snprintf(
		again, sizeof(again), "%08" PRIx32 "-%" PRIu32, accepted->lease, accepted->ctr);
	if (accepted->lease == 0 || strcmp(text, again) != 0)
		return err_set(err,
			"--accept-incident %.40s: R8: is the lease in eight hex digits, \"-\" and "
			"the counter, as the report of the conflict ends: it is not",
			text);
	return true;
}
