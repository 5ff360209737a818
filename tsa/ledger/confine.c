/* Owns the list of what libpq reads; see confine.h. */
#include "tsa/ledger/confine.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "tsa/core/bytes.h"
#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"

enum {
	MAX_PATHS = 64,
	MAX_PORTS = 32,
	PORT_POSTGRESQL = 5432,
	PORT_DNS = 53, /* answers that are too long for a datagram */
	PORT_KERBEROS = 88,
};

/* What stood at a path when the process was confined; inode 0: nothing. */
struct seen {
	dev_t device;
	ino_t inode;
	struct timespec changed; /* of files: a service file may name another port */
};

struct confinement {
	const char *paths[MAX_PATHS]; /* owned */
	struct seen seen[MAX_PATHS];
	size_t path_count;
	uint16_t ports[MAX_PORTS];
	struct sandbox_ledger needs;
};

/*
 * Not /etc as a whole: PINs and other secrets of this user may stand there. Folders where they
 * hold nothing else, so that what is replaced in them is read again.
 */
static const char *const system_paths[] = {
	/* names to addresses */
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/run/systemd/resolve",
	/* the user's name and home */
	"/etc/passwd",
	"/etc/group",
	/* shared objects of the resolver, OpenSSL and Kerberos, and their data */
	"/etc/ld.so.cache",
	"/usr/lib",
	"/usr/lib64",
	"/usr/libx32",
	"/lib",
	"/lib64",
	"/usr/local/lib",
	"/usr/share",
	"/usr/local/share/ca-certificates",
	"/etc/localtime",
	/* OpenSSL: its configuration, the machine's trust anchors */
	"/etc/ssl/openssl.cnf",
	"/etc/ssl/certs",
	"/etc/pki/tls",
	"/etc/pki/ca-trust",
	"/etc/crypto-policies",
	/* PostgreSQL: pg_service.conf */
	"/etc/postgresql-common",
	/* Kerberos */
	"/etc/krb5.conf",
	"/etc/krb5.conf.d",
	"/etc/gss",
};

static struct seen look_at(const struct stat *st)
{
	struct seen seen = { .device = st->st_dev, .inode = st->st_ino };

	/* Folders are ruled with all that will be in them. */
	if (!S_ISDIR(st->st_mode))
		seen.changed = st->st_mtim;
	return seen;
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void add_path(struct confinement *c, const char *path)
{
	struct stat st;

	/* More than any connection string needs; one too many is missed, and libpq says so. */
	if (path == NULL || path[0] != '/' || c->path_count == MAX_PATHS)
		return;
	if (stat(path, &st) == 0)
		c->seen[c->path_count] = look_at(&st);
	c->paths[c->path_count++] = must_strdup(path);
}

static void add_in_home(struct confinement *c, const char *home, const char *name)
{
	char path[PATH_MAX];

	if (home != NULL && snprintf(path, sizeof(path), "%s/%s", home, name) < (int)sizeof(path))
		add_path(c, path);
}

/* libpq asks for the user's home in the user database, other libraries the environment. */
static void add_home(struct confinement *c, const char *home)
{
	add_in_home(c, home, ".pgpass");
	add_in_home(c, home, ".pg_service.conf");
	add_in_home(c, home, ".postgresql");
}

static void add_homes(struct confinement *c)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *home = getenv("HOME");

	if (user != NULL)
		add_home(c, user->pw_dir);
	if (home != NULL && (user == NULL || strcmp(home, user->pw_dir) != 0))
		add_home(c, home);
}

static void add_environment(struct confinement *c)
{
	static const char *const names[] = { "PGSERVICEFILE", "PGSYSCONFDIR", "SSL_CERT_FILE",
		"SSL_CERT_DIR", "KRB5_CONFIG", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "KRB5CCNAME" };
	char cache[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && strncmp(value, "FILE:", 5) == 0)
			value += 5;
		add_path(c, value);
	}
	(void)snprintf(cache, sizeof(cache), "/tmp/krb5cc_%u", (unsigned)geteuid());
	add_path(c, cache);
}

static const char *value_of(const PQconninfoOption *options, const char *key)
{
	for (; options != NULL && options->keyword != NULL; options++) {
		if (strcmp(options->keyword, key) == 0)
			return options->val != NULL && options->val[0] != '\0' ? options->val
									       : NULL;
	}
	return NULL;
}

struct settings {
	PQconninfoOption *said; /* in the connection string; NULL if it is none */
	PQconninfoOption *otherwise; /* environment and service file */
};

/* As libpq does: the string, then the service that it names, then the environment. */
static void read_settings(struct settings *s, const char *conninfo)
{
	const char *service;

	s->said = PQconninfoParse(conninfo, NULL);
	service = value_of(s->said, "service");
	if (service != NULL)
		(void)setenv("PGSERVICE", service, 1);
	s->otherwise = PQconndefaults();
}

static const char *setting(const struct settings *s, const char *key)
{
	const char *value = value_of(s->said, key);

	return value != NULL ? value : value_of(s->otherwise, key);
}

/* True if any host of the list is not the folder of a Unix socket. */
static bool uses_tcp(const struct settings *s)
{
	const char *hosts = setting(s, "host");

	if (setting(s, "hostaddr") != NULL)
		return true;
	for (; hosts != NULL; hosts = strchr(hosts, ',')) {
		hosts += *hosts == ',';
		if (*hosts != '/' && *hosts != '@' && *hosts != ',' && *hosts != '\0')
			return true;
	}
	return false;
}

static void add_port(struct confinement *c, uint16_t port)
{
	if (c->needs.port_count < MAX_PORTS)
		c->ports[c->needs.port_count++] = port;
	else
		c->needs.any_port = true;
}

static void add_ports(struct confinement *c, const struct settings *s)
{
	const char *ports = setting(s, "port");
	const char *hosts = setting(s, "host");

	c->needs.abstract_sockets = hosts != NULL && strchr(hosts, '@') != NULL;
	if (!uses_tcp(s))
		return;
	for (; ports != NULL; ports = strchr(ports, ',')) {
		unsigned long port = strtoul(ports += *ports == ',', NULL, 10);

		if (port > 0 && port <= UINT16_MAX)
			add_port(c, (uint16_t)port);
	}
	add_port(c, PORT_POSTGRESQL); /* where the list has an empty item */
	add_port(c, PORT_DNS);
	add_port(c, PORT_KERBEROS);
}

static void add_settings(struct confinement *c, const struct settings *s)
{
	static const char *const files[] = { "passfile", "sslcert", "sslkey", "sslrootcert",
		"sslcrl", "sslcrldir" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add_path(c, setting(s, files[i]));
}

static void add_system(struct confinement *c)
{
	char *resolver = realpath("/etc/resolv.conf", NULL);
	char *slash = resolver == NULL ? NULL : strrchr(resolver, '/');

	for (size_t i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]); i++)
		add_path(c, system_paths[i]);
	/* A link into a folder of whoever writes it, by replacing it. */
	if (slash != NULL && slash != resolver) {
		*slash = '\0';
		if (strcmp(resolver, "/etc") != 0)
			add_path(c, resolver);
	}
	free(resolver);
}

static bool enter(struct confinement *c, struct err *err)
{
	bool landlocked;

	c->needs.paths = c->paths;
	c->needs.path_count = c->path_count;
	c->needs.ports = c->ports;
	if (!sandbox_ledger(&c->needs, &landlocked, err))
		return false;
	if (!landlocked)
		log_event(LOG_LEVEL_WARNING, "landlock_missing",
			"this kernel has none: confined by seccomp alone", "profile=ledger");
	return true;
}

struct confinement *confinement_enter(const char *directory, const char *conninfo, struct err *err)
{
	struct confinement *c = must_calloc(1, sizeof(*c));
	struct settings s = { 0 };

	read_settings(&s, conninfo);
	add_path(c, directory);
	add_settings(c, &s);
	add_ports(c, &s);
	add_environment(c);
	add_homes(c);
	add_system(c);
	PQconninfoFree(s.said);
	PQconninfoFree(s.otherwise);
	if (enter(c, err))
		return c;
	confinement_free(c);
	return NULL;
}

void confinement_free(struct confinement *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->path_count; i++)
		free((char *)(uintptr_t)c->paths[i]);
	free(c);
}

bool confinement_is_stale(const struct confinement *c, const char **path)
{
	for (size_t i = 0; i < c->path_count; i++) {
		struct seen now;
		struct stat st;

		if (stat(c->paths[i], &st) != 0)
			continue;
		now = look_at(&st);
		if (!same(&now, &c->seen[i])) {
			*path = c->paths[i];
			return true;
		}
	}
	return false;
}
