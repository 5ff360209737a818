#include "tsa/authority/tsu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/record/entry.h"

struct tsu *tsu_new(struct config *config, size_t index, struct err *err)
{
	struct tsu *tsu = must_calloc(1, sizeof(*tsu));
	const struct config_tsu *t = &config->tsus[index];

	tsu->from = config_hold(config);
	tsu->config = t;
	tsu->id = tsu_id_of(t->cert_sha256);
	tsu->parts = token_parts_new(
		buf_view(&t->certificate), buf_view(&t->chain), t->digest, t->options, err);
	if (tsu->parts != NULL)
		return tsu;
	err_while(err, "tsu %s", t->name);
	tsu_release(tsu);
	return NULL;
}

struct tsu *tsu_hold(struct tsu *tsu)
{
	tsu->more_holders++;
	return tsu;
}

void tsu_release(struct tsu *tsu)
{
	if (tsu == NULL)
		return;
	if (tsu->more_holders > 0) {
		tsu->more_holders--;
		return;
	}
	token_parts_free(tsu->parts);
	config_free(tsu->from);
	free(tsu);
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
	s->signing_time = c->options.signing_time ? 1 : 0;
	s->algorithm_protection = c->options.algorithm_protection ? 1 : 0;
	s->certificate = buf_view(&c->certificate);
}

bool tsu_token_fits(const struct tsu *tsu, const char *token)
{
	const struct config_endpoint *e = &tsu->from->endpoints[tsu->config->endpoint];

	return e->purpose != CONFIG_RELEASE || e->profile == PROFILE_RFC3161 ||
	       strstr(token, "SoftHSM") == NULL;
}
