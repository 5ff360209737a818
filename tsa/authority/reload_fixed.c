#include "tsa/authority/reload_fixed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_VALUE = CONFIG_MAX_LISTENERS * (MSG_MAX_PATH + 2) + MSG_MAX_URI };

static void say_listen(const struct config *c, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < c->listen_count && used < cap; i++)
		used += (size_t)snprintf(
			out + used, cap - used, "%s%s", i == 0 ? "" : ", ", c->listen[i]);
}

static void say_admin(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->admin);
}

static void say_journal(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->journal);
}

/* No secret: a connection string may hold no password (R23). */
static void say_database(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->database);
}

static void say_ack(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->ack == CONFIG_ACK_LEDGER ? "ledger" : "journal");
}

static void say_max_connections(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%" PRIu32, c->max_connections);
}

static void say_rate_limit(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%" PRIu32, c->rate_limit);
}

static void say_user(const struct config *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->user);
}

/* All are of the section tsad. What each says is compared, and shown. */
static const struct {
	const char *key;
	void (*say)(const struct config *config, char *out, size_t cap);
	bool required; /* one that is missing is a finding already */
} fixed[] = {
	{ "listen", say_listen, true },
	{ "admin", say_admin, false },
	{ "journal", say_journal, true },
	{ "database", say_database, false },
	{ "ack", say_ack, false },
	{ "max_connections", say_max_connections, false },
	{ "rate_limit", say_rate_limit, false },
	{ "user", say_user, false },
};

void reload_fixed(const struct config *config, const struct config *next, const char *path,
	config_finding *report, void *arg)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		char was[MAX_VALUE] = "";
		char is[MAX_VALUE] = "";
		char text[2 * MAX_VALUE + 256];

		fixed[i].say(config, was, sizeof(was));
		fixed[i].say(next, is, sizeof(is));
		if (strcmp(was, is) == 0 || (fixed[i].required && is[0] == '\0'))
			continue;
		(void)snprintf(text, sizeof(text),
			"%s: [tsad] %s: R18: needs restart: it was %s, is %s", path, fixed[i].key,
			was[0] == '\0' ? "not set" : was, is[0] == '\0' ? "not set" : is);
		report(arg, false, text);
	}
}
