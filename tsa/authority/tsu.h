/*
 * A TSU as loaded: its settings, and what its tokens are made of.
 */
#ifndef TSA_AUTHORITY_TSU_H
#define TSA_AUTHORITY_TSU_H

#include "tsa/authority/config.h"
#include "tsa/token/build.h"

struct tsu {
	const struct config_tsu *config;
	struct token_parts *parts;
	uint32_t id; /* tsu_id (R4) */
};

/* False and err if its certificate does not load. tsu_wipe afterwards in either case. */
MUST_CHECK bool tsu_load(struct tsu *tsu, const struct config_tsu *config, struct err *err);
void tsu_wipe(struct tsu *tsu);

/* What tsa-signer is told about it. */
void tsu_setup(const struct tsu *tsu, struct msg_setup_signer *setup);

/*
 * D7, T-14: false if profile etsi or csbr wants a hardware token for release and token, what the
 * token says of itself, names SoftHSM. The module's file name was looked at with the configuration.
 */
bool tsu_token_fits(const struct tsu *tsu, const struct config *config, const char *token);

#endif
