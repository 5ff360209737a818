/* Owns nothing: between the run and bundle, fetch and collect. */
#include "gather.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bundle.h"
#include "collect.h"
#include "fetch_token.h"
#include "manifest.h"
#include "text.h"

/* --- folders --------------------------------------------------------------------------------- */

/* The manifest, and that its files are as good as inside it. */
static bool add_manifest(struct shared *shared, const struct bundle_item *item, struct err *err)
{
	struct manifest manifest;
	struct manifest_file *self;
	bool ok = manifest_read(buf_view(&item->octets), &manifest, err);

	if (ok) {
		self = manifest_add(&manifest, "manifest.json", buf_view(&item->octets));
		for (unsigned i = 0; i + 1 < manifest.count; i++)
			material_add_inside(
				shared->material, manifest.files[i].sha256, self->sha256);
		shared_add_object(shared, buf_view(&item->octets), item->name);
	}
	manifest_wipe(&manifest);
	return ok;
}

static bool add_item(struct shared *shared, const struct bundle_item *item, struct err *err)
{
	struct bytes octets = buf_view(&item->octets);

	switch (item->kind) {
	case BUNDLE_CERTIFICATE:
		return shared_add(shared, MATERIAL_CERTIFICATE, octets, item->name, err);
	case BUNDLE_CRL:
		return shared_add(shared, MATERIAL_CRL, octets, item->name, err);
	case BUNDLE_OCSP:
		return shared_add(shared, MATERIAL_OCSP, octets, item->name, err);
	case BUNDLE_TOKEN:
		return shared_add_poe(shared, octets, item->name, err);
	case BUNDLE_RECORD:
		return shared_add_record(shared, octets, item->name, err);
	case BUNDLE_MANIFEST:
		return add_manifest(shared, item, err);
	}
	abort();
}

bool gather_folder(struct shared *shared, const char *folder, struct err *err)
{
	struct bundle bundle;
	bool ok = bundle_read(folder, &bundle, err);

	for (unsigned i = 0; ok && i < bundle.count; i++)
		ok = add_item(shared, &bundle.items[i], err);
	if (ok && bundle.others > 0) {
		(void)fputs("tsa-verify: ", stderr);
		text_escaped_string(stderr, folder);
		(void)fprintf(stderr, ": files that are no evidence and were left out: %u\n",
			bundle.others);
	}
	bundle_wipe(&bundle);
	return ok || err_while(err, "--evidence");
}

/* --- the network ----------------------------------------------------------------------------- */

static json_t *set_text(json_t *object, const char *key, const char *text)
{
	text_set(object, key, text_json(bytes_of_text(text)));
	return object;
}

/* A fetch_note; arg is the array. */
static void note(void *arg, const char *what, const char *url, const char *result)
{
	json_t *one = set_text(json_object(), "what", what);

	(void)set_text(one, "url", url);
	text_add(arg, set_text(one, "result", result[0] == '\0' ? "fetched" : result));
}

/* It could not be made: said once, as if it were an answer to all. */
static bool start_fetch(struct verify *verify)
{
	const struct http_settings settings = { .agent = "tsa-verify/" TSA_VERSION,
		.timeout_s = FETCH_TIMEOUT_S };
	struct err err = { 0 };

	if (verify->fetch == NULL)
		verify->fetch = fetch_new(&settings, &err);
	if (verify->fetch == NULL)
		(void)set_text(verify->parts, "fetch", err.text);
	return verify->fetch != NULL;
}

bool gather_missing(struct verify *verify)
{
	const struct checked *checked = &verify->checked;
	json_t *notes;
	bool added;

	/* What has failed for good no evidence can mend. */
	if (checked->facts.signer == NULL || checked->verdict.status == CHECK_FAILED ||
		!start_fetch(verify))
		return false;
	notes = json_array();
	added = fetch_for_token(
		verify->fetch, verify->material, checked->facts.signer, note, notes);
	text_set(verify->parts, "fetch", notes);
	return added;
}

/* --- the bundle ------------------------------------------------------------------------------ */

static struct collect_object *collect_objects(const struct shared_objects *from)
{
	struct collect_object *all = must_calloc(from->count + 1, sizeof(*all));

	for (unsigned i = 0; i < from->count; i++)
		all[i] = (struct collect_object){ buf_view(&from->at[i].octets), from->at[i].name };
	return all;
}

/* By two algorithms of long life, and by that of the token. */
static void set_digests(const struct verify *verify, const struct verify_subject *subject,
	struct collect *collect, uint8_t room[COLLECT_MAX_DIGESTS][EVP_MAX_MD_SIZE])
{
	const char *imprint = OBJ_nid2ln(verify->checked.facts.imprint_digest);
	const char *const names[] = { "sha256", "sha512", imprint };
	token_digest_of *data = subject->data;
	void *arg = subject->data_arg;

	if (data == NULL && verify->shared->data != NULL) {
		data = data_digest;
		arg = verify->shared->data;
	}
	for (unsigned i = 0; data != NULL && i < 3; i++) {
		const EVP_MD *digest = names[i] == NULL ? NULL : EVP_get_digestbyname(names[i]);
		struct collect_digest *one = &collect->digests[collect->digest_count];
		unsigned len = 0;

		if (digest != NULL && (i < 2 || (strcmp(imprint, "sha256") != 0 &&
							strcmp(imprint, "sha512") != 0)))
			len = data(arg, digest, room[collect->digest_count]);
		if (len == 0)
			continue;
		*one = (struct collect_digest){ names[i], { room[collect->digest_count], len } };
		collect->digest_count++;
	}
}

bool gather_collect(const struct verify *verify, const struct verify_subject *subject,
	const json_t *report, struct err *err)
{
	const struct shared *shared = verify->shared;
	struct collect_object *proofs = collect_objects(&shared->poes);
	struct collect_object *records = collect_objects(&shared->records);
	char *text = json_dumps(report, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	uint8_t room[COLLECT_MAX_DIGESTS][EVP_MAX_MD_SIZE];
	struct collect collect = {
		.folder = shared->options->collect,
		.tool = "tsa-verify " TSA_VERSION,
		.now = (int64_t)time(NULL),
		.token = subject->octets,
		.checked = &verify->checked,
		.material = verify->material,
		.policy = &shared->policy,
		.algorithms = buf_view(&shared->algorithms_text),
		.proofs = proofs,
		.proof_count = shared->poes.count,
		.records = records,
		.record_count = shared->records.count,
		.fetch = verify->fetch,
	};
	bool ok;

	if (text == NULL)
		abort();
	collect.report = bytes_of_text(text);
	set_digests(verify, subject, &collect, room);
	ok = collect_write(&collect, err) || err_while(err, "--collect");
	free(text);
	free(proofs);
	free(records);
	return ok;
}
