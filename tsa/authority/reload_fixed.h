/* The settings that only a restart changes (R18). */
#ifndef TSA_AUTHORITY_RELOAD_FIXED_H
#define TSA_AUTHORITY_RELOAD_FIXED_H

#include "tsa/authority/config.h"

/* Reports each that differs; path names the configuration. */
void reload_fixed(const struct config *config, const struct config *next, const char *path,
	config_finding *report, void *arg);

#endif
