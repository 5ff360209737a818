#include "tsa/authority/tsu.h"

#include <stdio.h>
#include <string.h>

#include "tsa/record/entry.h"

bool tsu_load(struct tsu *tsu, const struct config_tsu *config, struct err *err)
{
	tsu->config = config;
	tsu->id = tsu_id_of(config->cert_sha256);
	tsu->parts = token_parts_new(
		buf_view(&config->certificate), buf_view(&config->chain), config->digest, err);
	return tsu->parts != NULL || err_while(err, "tsu %s", config->name);
}

void tsu_wipe(struct tsu *tsu)
{
	token_parts_free(tsu->parts);
	tsu->parts = NULL;
}

void tsu_setup(const struct tsu *tsu, struct msg_setup_signer *s)
{
	const struct config_tsu *c = tsu->config;

	s->version = MSG_VERSION;
	(void)snprintf(s->tsu, sizeof(s->tsu), "%s", c->name);
	(void)snprintf(s->module, sizeof(s->module), "%s", c->module);
	(void)snprintf(s->key, sizeof(s->key), "%s", c->key);
	(void)snprintf(s->pin_file, sizeof(s->pin_file), "%s", c->pin_file);
	s->digest = (uint8_t)c->digest;
	s->self_check = c->self_check;
	s->allow_software_key = c->allow_software_key ? 1 : 0;
	s->certificate = buf_view(&c->certificate);
}

bool tsu_token_fits(const struct tsu *tsu, const struct config *config, const char *token)
{
	const struct config_endpoint *e = &config->endpoints[tsu->config->endpoint];

	return e->purpose != CONFIG_RELEASE || e->profile == PROFILE_RFC3161 ||
	       strstr(token, "SoftHSM") == NULL;
}
