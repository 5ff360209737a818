/*
 * The text of a configuration, without the files it names: the scan of the lines and NCONF must
 * agree on what it says, and whatever passes keeps the bounds of struct config.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/authority/config_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The scan lets nothing through that NCONF refuses or reads otherwise. */
static void on_finding(void *arg, bool warning, const char *text)
{
	static const char disagree[] = "reads as a setting that no line shows";
	size_t len = strlen(text);

	(void)arg;
	(void)warning;
	if (len >= strlen(disagree) && strcmp(text + len - strlen(disagree), disagree) == 0)
		abort();
	if (strncmp(text, "tsad.conf: line ", 16) == 0 && strstr(text, "syntax: error:") != NULL)
		abort();
}

/* Of TSUs that there are, and that belong to its endpoint. */
static void check_list(const struct config *config, size_t endpoint, const struct config_list *list)
{
	if (list->count > CONFIG_MAX_TSUS)
		abort();
	for (size_t i = 0; i < list->count; i++)
		if (list->tsus[i] >= config->tsu_count ||
			config->tsus[list->tsus[i]].endpoint != endpoint)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = must_calloc(1, sizeof(*config));
	struct config_job job = {
		.config = config,
		.path = "tsad.conf",
		.folder = "/nonexistent",
		.now = 1795000000,
		.report = on_finding,
	};

	if (size <= CONFIG_MAX_FILE) {
		config_parse(&job, (struct bytes){ data, size });
		config_check(&job);
	}
	if (config->endpoint_count > MSG_MAX_ENDPOINTS || config->tsu_count > CONFIG_MAX_TSUS)
		abort();
	for (size_t i = 0; i < config->tsu_count; i++)
		if (config->tsus[i].endpoint >= config->endpoint_count)
			abort();
	for (size_t i = 0; i < config->endpoint_count; i++)
		for (int d = 0; d < TSP_DIGESTS; d++)
			check_list(config, i, &config->endpoints[i].lists[d]);
	config_job_wipe(&job);
	config_free(config);
	return 0;
}
