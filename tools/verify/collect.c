/* Owns what goes into a bundle and under which name. */
#include "collect.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "seal.h"
#include "tsa/core/hex.h"

enum { TIME_TEXT = 32, HASH_TEXT = 2 * MATERIAL_HASH + 1 };

struct collecting {
	const struct collect *collect;
	struct seal *seal;
	struct err *err;
};

static void time_text(int64_t seconds, char out[TIME_TEXT])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

static bool put(const struct collecting *c, const char *name, struct bytes octets, const char *is,
	const char *source)
{
	char fetched[TIME_TEXT] = "";
	int64_t when;

	if (c->collect->fetch != NULL && source != NULL &&
		fetch_when(c->collect->fetch, source, &when))
		time_text(when, fetched);
	return seal_put(c->seal,
		&(struct seal_file){ .name = name,
			.octets = octets,
			.is = is,
			.source = source,
			.fetched = fetched[0] == '\0' ? NULL : fetched },
		c->err);
}

/* Named by its content: each thing is there once, and the same things make the same bundle. */
static bool put_item(const struct collecting *c, const struct material_item *item)
{
	static const struct {
		const char *folder;
		const char *ending;
		const char *is;
	} kinds[] = {
		[MATERIAL_CERTIFICATE] = { "certs", "cer", "certificate" },
		[MATERIAL_CRL] = { "revocation", "crl", "crl" },
		[MATERIAL_OCSP] = { "revocation", "ocsp", "ocsp" },
	};
	char name[MANIFEST_MAX_NAME], hash[HASH_TEXT];

	hex_encode((struct bytes){ item->sha256, MATERIAL_HASH }, hash);
	(void)snprintf(name, sizeof(name), "%s/%s.%s",
		item->is_anchor ? "anchors" : kinds[item->kind].folder, hash,
		kinds[item->kind].ending);
	return put(c, name, item->der, item->is_anchor ? "anchor" : kinds[item->kind].is,
		item->source);
}

static bool put_path(const struct collecting *c, const struct path *path)
{
	for (unsigned i = 0; i < path->length; i++)
		if (!put_item(c, path->at[i]))
			return false;
	return true;
}

/* Objects about the path's certificates, whoever gave them, and who signed them. */
static bool put_revocations(const struct collecting *c)
{
	const struct checked *checked = c->collect->checked;

	for (unsigned i = 0; i < checked->path.length; i++)
		for (unsigned j = 0; j < checked->revocation_count[i]; j++) {
			const struct revocation *one = &checked->revocations[i][j];

			if (!put_item(c, one->object) ||
				(one->signer != NULL && !put_item(c, one->signer)) ||
				!put_path(c, &one->signer_path))
				return false;
		}
	return true;
}

/*
 * What was given and what was fetched, used now or not: a later time may ask for it. Anchors are
 * kept only where they are an end of a path.
 */
static bool put_given(const struct collecting *c, enum material_kind kind)
{
	const struct material_item *item;
	size_t at = 0;

	while ((item = material_next(c->collect->material, kind, &at)) != NULL)
		if (item->from == FROM_CALLER && !item->is_anchor && !put_item(c, item))
			return false;
	return true;
}

static bool put_material(const struct collecting *c)
{
	const struct checked *checked = c->collect->checked;

	return put_path(c, &checked->path) &&
	       (checked->facts.signer == NULL || put_item(c, checked->facts.signer)) &&
	       put_revocations(c) && put_given(c, MATERIAL_CERTIFICATE) &&
	       put_given(c, MATERIAL_CRL) && put_given(c, MATERIAL_OCSP);
}

static bool put_token(const struct collecting *c)
{
	bool is_response = c->collect->checked->facts.file.kind == TOKEN_RESPONSE;

	return put(c, is_response ? "token.tsr" : "token.der", c->collect->token, "token", NULL);
}

static bool put_objects(const struct collecting *c, const struct collect_object *objects,
	unsigned count, const char *folder, const char *ending, const char *is)
{
	for (unsigned i = 0; i < count; i++) {
		char name[MANIFEST_MAX_NAME];

		(void)snprintf(name, sizeof(name), "%s/%04u.%s", folder, i, ending);
		if (!put(c, name, objects[i].octets, is, objects[i].name))
			return false;
	}
	return true;
}

static bool put_digests(const struct collecting *c)
{
	struct buf text = { 0 };
	bool ok = true;

	for (unsigned i = 0; i < c->collect->digest_count; i++) {
		const struct collect_digest *digest = &c->collect->digests[i];
		char line[2 * EVP_MAX_MD_SIZE + 64], hex[2 * EVP_MAX_MD_SIZE + 1];

		hex_encode(digest->value, hex);
		(void)snprintf(line, sizeof(line), "%.32s %s\n", digest->name, hex);
		buf_append(&text, bytes_of_text(line));
	}
	if (text.len > 0)
		ok = put(c, "data.digests", buf_view(&text), "digests of the data", NULL);
	buf_free(&text);
	return ok;
}

/* Under which policy it was verified: a line for each OID, the algorithms and their version. */
static bool put_policy(const struct collecting *c)
{
	const struct check_policy *policy = c->collect->policy;
	struct buf text = { 0 };
	bool ok;

	for (unsigned i = 0; i < policy->wants.policy_count; i++) {
		buf_append(&text, bytes_of_text(policy->wants.policies[i]));
		buf_append(&text, bytes_of_text("\n"));
	}
	ok = text.len == 0 || put(c, "policy/oids", buf_view(&text), "accepted policies", NULL);
	text.len = 0;
	buf_append(&text, bytes_of_text(algorithms_version(policy->algorithms)));
	buf_append(&text, bytes_of_text("\n"));
	ok = ok && put(c, "policy/algorithms.version", buf_view(&text), "version of the algorithms",
			   NULL);
	buf_free(&text);
	return ok &&
	       (c->collect->algorithms.len == 0 ||
		       put(c, "policy/algorithms", c->collect->algorithms, "algorithms", NULL));
}

static void name_user(char out[256])
{
	const struct passwd *user = getpwuid(geteuid());
	char host[128] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	(void)snprintf(out, 256, "%.100s@%.127s", user == NULL ? "" : user->pw_name, host);
}

bool collect_write(const struct collect *collect, struct err *err)
{
	struct collecting c = { .collect = collect, .err = err };
	char made[TIME_TEXT], by[256];
	bool ok;

	time_text(collect->now, made);
	name_user(by);
	c.seal = seal_new(collect->folder, made, by, collect->tool, err);
	if (c.seal == NULL)
		return false;
	ok = (put_token(&c) && put_digests(&c) && put_material(&c) &&
		     put_objects(&c, collect->proofs, collect->proof_count, "poe", "tsr",
			     "later token") &&
		     put_objects(&c, collect->records, collect->record_count, "evidence", "ers",
			     "evidence record") &&
		     put_policy(&c) && put(&c, "report.json", collect->report, "report", NULL) &&
		     seal_finish(c.seal, err)) ||
	     err_while(err, "%.200s", collect->folder);
	seal_free(c.seal);
	return ok;
}
