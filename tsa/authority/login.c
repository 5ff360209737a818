#include "tsa/authority/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void logins_init(struct logins *logins, size_t tsu_count)
{
	logins->each = must_calloc(tsu_count, sizeof(*logins->each));
	logins->count = 0;
}

void logins_wipe(struct logins *logins)
{
	free(logins->each);
	logins->each = NULL;
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

struct login *logins_of(struct logins *logins, const struct config_tsu *tsu)
{
	char token[sizeof(logins->each[0].token)];

	token_of(tsu, token, sizeof(token));
	for (size_t i = 0; i < logins->count; i++) {
		if (strcmp(logins->each[i].token, token) == 0)
			return &logins->each[i];
	}
	(void)snprintf(logins->each[logins->count].token, sizeof(token), "%s", token);
	logins->each[logins->count].module = tsu->module;
	return &logins->each[logins->count++];
}

struct login *logins_known(struct logins *logins, struct login *login, const char *identity)
{
	(void)snprintf(login->identity, sizeof(login->identity), "%s", identity);
	for (size_t i = 0; i < logins->count; i++) {
		struct login *other = &logins->each[i];

		if (strcmp(other->module, login->module) == 0 &&
			strcmp(other->identity, identity) == 0)
			return other;
	}
	return login;
}
