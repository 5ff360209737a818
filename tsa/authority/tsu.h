/*
 * A TSU as loaded: its settings, and what its tokens are made of.  Held by the generation that it
 * belongs to, its lanes and the jobs that it signs, so that it outlives a reload exactly until the
 * last of them is done.
 */
#ifndef TSA_AUTHORITY_TSU_H
#define TSA_AUTHORITY_TSU_H

#include "tsa/authority/config.h"
#include "tsa/token/build.h"

struct tsu {
	unsigned more_holders; /* beside the first */
	struct config *from; /* held: what config is a part of */
	const struct config_tsu *config;
	struct token_parts *parts;
	uint32_t id; /* tsu_id (R4) */
};

/* The TSU with this index in config. NULL and err if its certificate does not load. */
struct tsu *tsu_new(struct config *config, size_t index, struct err *err);
struct tsu *tsu_hold(struct tsu *tsu);
/* Gives it back; the last holder frees. Takes NULL. */
void tsu_release(struct tsu *tsu);

/* What tsa-signer is told about it. */
void tsu_setup(const struct tsu *tsu, struct msg_setup_signer *setup);

/*
 * D7, T-14: false if profile etsi or csbr wants a hardware token for release and token, what the
 * token says of itself, names SoftHSM. The module's file name was looked at with the configuration.
 */
bool tsu_token_fits(const struct tsu *tsu, const char *token);

#endif
