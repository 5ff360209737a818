/* Owns what is known of the tokens. Opens no PIN file. */
#include "tsa/authority/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/pin_file.h"

struct pin_mark pin_mark_of(const struct config_tsu *tsu)
{
	char path[MSG_MAX_PATH];
	struct err err = { 0 };
	struct stat st;

	/* Where there is none the signer says so; here it is only like no other. */
	if (!pin_file_path(tsu->pin_file, path, &err) || stat(path, &st) != 0)
		return (struct pin_mark){ 0 };
	return (struct pin_mark){ .known = true,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = st.st_size,
		.changed = st.st_mtim,
		.touched = st.st_ctim };
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool pin_mark_same(const struct pin_mark *a, const struct pin_mark *b)
{
	return a->known && b->known && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(&a->changed, &b->changed) && same_time(&a->touched, &b->touched);
}

void logins_init(struct logins *logins)
{
	TAILQ_INIT(logins);
}

static void forget(struct logins *logins, struct login *login)
{
	TAILQ_REMOVE(logins, login, link);
	free(login);
}

void logins_wipe(struct logins *logins)
{
	while (!TAILQ_EMPTY(logins))
		forget(logins, TAILQ_FIRST(logins));
}

/*
 * What of a key URI names the token: all but the object's own attributes and the query. Equal
 * texts with one module are one token.
 */
static void token_of(const struct config_tsu *tsu, char *out, size_t cap)
{
	char uri[MSG_MAX_URI];
	char *save = NULL;
	size_t used = (size_t)snprintf(out, cap, "%s", tsu->module);

	(void)snprintf(uri, sizeof(uri), "%s", tsu->key);
	uri[strcspn(uri, "?")] = '\0';
	for (char *part = strtok_r(uri, ";", &save); part != NULL;
		part = strtok_r(NULL, ";", &save)) {
		const char *name = strncmp(part, "pkcs11:", 7) == 0 ? part + 7 : part;

		if (strncmp(name, "object=", 7) == 0 || strncmp(name, "id=", 3) == 0 ||
			strncmp(name, "type=", 5) == 0 || used >= cap)
			continue;
		used += (size_t)snprintf(out + used, cap - used, ";%s", name);
	}
}

/* The one that all names of a known token share: the first. */
static struct login *first_of_token(const struct logins *logins, struct login *login)
{
	struct login *other;

	TAILQ_FOREACH (other, logins, link) {
		if (login->identity[0] != '\0' && strcmp(other->module, login->module) == 0 &&
			strcmp(other->identity, login->identity) == 0)
			return other;
	}
	return login;
}

static struct login *find(const struct logins *logins, const struct config_tsu *tsu)
{
	struct login *login;
	char token[sizeof(login->token)];

	token_of(tsu, token, sizeof(token));
	TAILQ_FOREACH (login, logins, link) {
		if (strcmp(login->token, token) == 0)
			return first_of_token(logins, login);
	}
	return NULL;
}

struct login *logins_of(struct logins *logins, const struct config_tsu *tsu)
{
	struct login *login = find(logins, tsu);

	if (login != NULL)
		return login;
	login = must_calloc(1, sizeof(*login));
	token_of(tsu, login->token, sizeof(login->token));
	(void)snprintf(login->module, sizeof(login->module), "%s", tsu->module);
	TAILQ_INSERT_TAIL(logins, login, link);
	return login;
}

struct login *logins_known(struct logins *logins, struct login *login, const char *identity)
{
	struct login *first;

	(void)snprintf(login->identity, sizeof(login->identity), "%s", identity);
	first = first_of_token(logins, login);
	if (first->barred < login->barred) {
		first->barred = login->barred;
		first->refused = login->refused;
	}
	if (login->state == LOGIN_PROVEN)
		first->state = LOGIN_PROVEN;
	return first;
}

void logins_prune(struct logins *logins)
{
	struct login *next;

	for (struct login *l = TAILQ_FIRST(logins); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->lanes == 0 && l->barred == 0)
			forget(logins, l);
	}
}

bool login_is_free(const struct login *login, unsigned generation)
{
	return login->state != LOGIN_TRYING && generation > login->barred;
}

void login_refuse(struct login *login, const struct pin_mark *pin, unsigned generation)
{
	login->state = LOGIN_UNPROVEN;
	login->refused = *pin;
	if (login->barred < generation)
		login->barred = generation;
}

/* Another name of a token whose PIN was refused costs an attempt as well. */
static bool is_refused(const struct logins *logins, const struct config_tsu *tsu)
{
	const struct login *own = find(logins, tsu);
	const struct pin_mark now = pin_mark_of(tsu);
	const struct login *l;

	if (own != NULL && own->identity[0] != '\0')
		return pin_mark_same(&own->refused, &now);
	TAILQ_FOREACH (l, logins, link) {
		if (strcmp(l->module, tsu->module) == 0 && pin_mark_same(&l->refused, &now))
			return true;
	}
	return false;
}

void logins_allow(const struct logins *logins, const struct config *config, const char *path,
	config_finding *report, void *arg)
{
	for (size_t i = 0; i < config->tsu_count; i++) {
		const struct config_tsu *t = &config->tsus[i];
		char text[2 * MSG_MAX_PATH + MSG_MAX_NAME + 160];

		if (t->superseded || !is_refused(logins, t))
			continue;
		(void)snprintf(text, sizeof(text),
			"%s: [%s] pin_file: R20: changes before another attempt: the PIN in %s was "
			"refused",
			path, t->name, t->pin_file);
		report(arg, false, text);
	}
}
