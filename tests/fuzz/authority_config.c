/*
 * The configuration of fuzz_authority: a release endpoint with two TSUs, of which one becomes
 * active an hour later, and one for SHA-512 alone; a test endpoint with one; and what a reload
 * finds instead.  The
 * certificates are made at the start of the program; no run looks at their content.
 */
#include "authority_config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/make_certificate.h"
#include "tsa/record/entry.h"

/* What is in force at the start, and what the next reload reads. */
static struct config *first;
static enum authority_change change;

struct config *__wrap_config_read_next(
	const char *path, int64_t now, config_finding *report, config_judge *judge, void *arg);

/* 2026-11-24T08:00:00Z, where every run begins. */
#define BEGIN_S 1795507200

static const struct msg_oid policies[] = {
	{ 4, { 0x2a, 0x03, 0x04, 0x05 } },
	{ 4, { 0x2a, 0x03, 0x04, 0x06 } },
	{ 4, { 0x2a, 0x03, 0x04, 0x07 } },
};

static void add_to_lists(struct config *c, size_t endpoint, enum tsp_digest digest)
{
	struct config_endpoint *e = &c->endpoints[endpoint];
	struct config_list *list = &e->lists[digest];

	list->tsus[list->count++] = c->tsu_count;
	e->tsus[e->tsu_count++] = c->tsu_count;
}

static void make_tsu(struct config *c, const char *name, size_t endpoint, enum tsp_digest digest,
	int64_t activate_at)
{
	struct config_tsu *t = &c->tsus[c->tsu_count];
	EVP_PKEY *key = make_key("P-256", 0);
	const struct make_certificate how = {
		.common_name = name,
		.key = key,
		.not_before = BEGIN_S - 86400,
		.not_after = BEGIN_S + 400 * 86400,
		.extensions = { { "extendedKeyUsage", "critical,timeStamping" } },
	};
	X509 *certificate = make_certificate(&how);
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	t->accuracy_ms = 1000;
	t->lanes = 2;
	t->activate_at = activate_at;
	t->endpoint = endpoint;
	t->digest = TSP_SHA256;
	t->not_before = BEGIN_S - 86400;
	t->sign_until = BEGIN_S + 300 * 86400;
	buf_append(&t->certificate, (struct bytes){ der, len > 0 ? (size_t)len : 0 });
	hash_one(buf_view(&t->certificate), t->cert_sha256);
	hash_one((struct bytes){ NULL, 0 }, t->chain_sha256);
	add_to_lists(c, endpoint, digest);
	c->tsu_count++;
	OPENSSL_free(der);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void make_endpoint(struct config *c, const char *name, const char *path, uint32_t digests,
	const struct msg_oid *first_policy, uint8_t policy_count, unsigned digits)
{
	struct config_endpoint *e = &c->endpoints[c->endpoint_count++];

	(void)snprintf(e->name, sizeof(e->name), "%s", name);
	(void)snprintf(e->path, sizeof(e->path), "%s", path);
	e->digests = digests;
	e->digits = digits;
	e->policy_count = policy_count;
	memcpy(e->policies, first_policy, policy_count * sizeof(*first_policy));
}

struct config *authority_config(void)
{
	struct config *c = must_calloc(1, sizeof(*c));

	first = c;
	(void)snprintf(c->listen[0], sizeof(c->listen[0]), "127.0.0.1:3161");
	c->listen_count = 1;
	(void)snprintf(c->admin, sizeof(c->admin), "127.0.0.1:3162");
	c->clock_slack_ms = 500;
	c->max_unshipped_age_s = 1800;
	c->max_connections = 100;
	make_endpoint(c, "release", "/", 1u << TSP_SHA256 | 1u << TSP_SHA384 | 1u << TSP_SHA512,
		policies, 2, 3);
	make_endpoint(c, "test", "/test", 1u << TSP_SHA256, policies + 2, 1, 0);
	make_tsu(c, "first", 0, TSP_DIGEST_NONE, 0);
	make_tsu(c, "second", 0, TSP_DIGEST_NONE, BEGIN_S + 3600);
	make_tsu(c, "long", 0, TSP_SHA512, 0);
	make_tsu(c, "test", 1, TSP_DIGEST_NONE, 0);
	c->tsus[0].tsa_name = true;
	c->endpoints[0].qualified = true;
	return c;
}

void authority_config_changes(enum authority_change next)
{
	change = next;
}

static struct buf copy_of(const struct buf *buf)
{
	struct buf copy = { 0 };

	buf_append(&copy, buf_view(buf));
	return copy;
}

static struct config *copy_first(void)
{
	struct config *c = must_calloc(1, sizeof(*c));

	*c = *first;
	c->more_holders = 0;
	if (change == CHANGE_ENDPOINT) {
		c->endpoint_count--;
		memset(&c->tsus[--c->tsu_count], 0, sizeof(c->tsus[0]));
	}
	for (size_t i = 0; i < c->tsu_count; i++)
		c->tsus[i].certificate = copy_of(&first->tsus[i].certificate);
	c->sha256[0] = (uint8_t)change;
	return c;
}

/* Nothing of it is read: a reload finds the first configuration, changed. */
struct config *__wrap_config_read_next(
	const char *path, int64_t now, config_finding *report, config_judge *judge, void *arg)
{
	struct config *c = copy_first();

	(void)path;
	(void)now;
	if (change == CHANGE_ACCURACY) {
		c->tsus[0].accuracy_ms = 700;
		c->tsus[0].tsa_name = false;
		c->endpoints[0].qualified = false;
	}
	if (change == CHANGE_LANES)
		c->tsus[0].lanes = 1;
	if (change == CHANGE_POLICIES)
		c->endpoints[0].policy_count = 1;
	if (change == CHANGE_DIGESTS)
		c->endpoints[0].digests = 1u << TSP_SHA512;
	if (change == CHANGE_LIST)
		c->endpoints[0].lists[TSP_SHA512].tsus[0] = 0;
	if (change == CHANGE_LISTENER)
		c->listen[0][0] = '2';
	judge(arg, c);
	if (change != CHANGE_FINDING)
		return c;
	report(arg, false, "tsad.conf: [tsad] listen: is no address");
	config_free(c);
	return NULL;
}
