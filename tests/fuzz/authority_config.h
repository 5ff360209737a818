/* The configuration that fuzz_authority runs. */
#ifndef TSA_TESTS_FUZZ_AUTHORITY_CONFIG_H
#define TSA_TESTS_FUZZ_AUTHORITY_CONFIG_H

#include "tsa/authority/config.h"

/* Made anew at each call; the caller keeps it for the life of the process. */
struct config *authority_config(void);

#endif
