/* The configurations that fuzz_authority runs. */
#ifndef TSA_TESTS_FUZZ_AUTHORITY_CONFIG_H
#define TSA_TESTS_FUZZ_AUTHORITY_CONFIG_H

#include "tsa/authority/config.h"

/* What a reload finds, against what the service began with. */
enum authority_change {
	CHANGE_NOTHING,
	CHANGE_ACCURACY,
	CHANGE_LANES,
	CHANGE_POLICIES, /* one less */
	CHANGE_DIGESTS, /* two less */
	CHANGE_ENDPOINT, /* the test endpoint and its TSU are gone */
	CHANGE_LISTENER, /* needs a restart */
	CHANGE_FINDING, /* it is no good */
	CHANGE_LIST, /* another TSU answers SHA-512 */
};

/* To be called once; the caller keeps it for the life of the process. */
struct config *authority_config(void);
/* What reloads find from here on. */
void authority_config_changes(enum authority_change next);

#endif
