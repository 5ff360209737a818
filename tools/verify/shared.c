/* Owns what the options name, once it is read. */
#include "shared.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence_record.h"
#include "gather.h"
#include "input.h"
#include "seal.h"
#include "shared_part.h"
#include "tsa/core/hex.h"
#include "tsa/token/evidence/record.h"
#include "tsa/token/read/oid.h"

enum { SKEW_S = 60 };

static void objects_add(struct shared_objects *objects, struct bytes octets, const char *name)
{
	struct shared_object *object;

	if (objects->count == objects->cap) {
		unsigned cap = objects->cap == 0 ? 16 : 2 * objects->cap;
		struct shared_object *more = must_calloc(cap, sizeof(*more));

		if (objects->count > 0)
			(void)memcpy(more, objects->at, objects->count * sizeof(*more));
		free(objects->at);
		objects->at = more;
		objects->cap = cap;
	}
	object = &objects->at[objects->count++];
	buf_append(&object->octets, octets);
	object->name = must_strdup(name);
}

static void objects_wipe(struct shared_objects *objects)
{
	for (unsigned i = 0; i < objects->count; i++) {
		buf_free(&objects->at[i].octets);
		free(objects->at[i].name);
	}
	free(objects->at);
}

bool shared_add(struct shared *shared, enum material_kind kind, struct bytes octets,
	const char *name, struct err *err)
{
	if (!material_add(shared->material, kind, FROM_CALLER, octets, name, NULL, err))
		return err_while(err, "%.200s", name);
	objects_add(&shared->covered, octets, name);
	return true;
}

void shared_add_object(struct shared *shared, struct bytes octets, const char *name)
{
	objects_add(&shared->covered, octets, name);
}

bool shared_add_poe(struct shared *shared, struct bytes octets, const char *name, struct err *err)
{
	if (shared->poes.count == SHARED_MAX_POE_TOKENS)
		return err_set(err, "%.200s: at most %d tokens that prove others: are more", name,
			SHARED_MAX_POE_TOKENS);
	objects_add(&shared->poes, octets, name);
	return true;
}

bool shared_add_record(
	struct shared *shared, struct bytes octets, const char *name, struct err *err)
{
	if (octets.len > EVIDENCE_MAX_RECORD)
		return err_set(err, "%.200s: at most %d octets: has %zu", name, EVIDENCE_MAX_RECORD,
			octets.len);
	objects_add(&shared->records, octets, name);
	return true;
}

static bool read_poes(struct shared *shared, struct err *err)
{
	const struct verify_list *files = &shared->options->poes;

	for (unsigned i = 0; i < files->count; i++) {
		struct buf content = { 0 };
		bool ok = input_der(files->at[i], BER_MAX_INPUT, &content, err) &&
			  shared_add_poe(shared, buf_view(&content), files->at[i], err);

		buf_free(&content);
		if (!ok)
			return err_while(err, "--poe %.200s", files->at[i]);
	}
	return true;
}

static bool read_record(struct shared *shared, struct err *err)
{
	const char *path = shared->options->evidence_record;
	struct buf content = { 0 };
	bool ok;

	if (path == NULL)
		return true;
	ok = input_der(path, EVIDENCE_MAX_RECORD, &content, err) &&
	     shared_add_record(shared, buf_view(&content), path, err);
	buf_free(&content);
	return ok || err_while(err, "--evidence-record %.200s", path);
}

static bool read_algorithms(struct shared *shared, struct err *err)
{
	const char *path = shared->options->algorithms;

	if (path == NULL)
		shared->algorithms = algorithms_default();
	else if (input_read(path, ALGORITHMS_MAX_TEXT, &shared->algorithms_text, err))
		shared->algorithms = algorithms_read(buf_view(&shared->algorithms_text), err);
	shared->policy.algorithms = shared->algorithms;
	return shared->algorithms != NULL || err_while(err, "--algorithms %.200s", path);
}

static int imprint_digest(const struct tsp_request *query)
{
	char dotted[OID_TEXT];

	oid_text(query->digest_oid, dotted);
	return OBJ_txt2nid(dotted);
}

/* What the request asked for, and nothing that --policy does not accept. */
static bool want_policy(struct shared *shared, struct err *err)
{
	struct token_wants *wants = &shared->policy.wants;
	bool accepted = wants->policy_count == 0;

	oid_text(shared->query.policy, shared->query_policy);
	for (unsigned i = 0; i < wants->policy_count; i++)
		accepted = accepted || strcmp(wants->policies[i], shared->query_policy) == 0;
	if (!accepted)
		return err_set(err, "policy: must be one of --policy: is %s", shared->query_policy);
	shared->one_policy[0] = shared->query_policy;
	wants->policies = shared->one_policy;
	wants->policy_count = 1;
	return true;
}

/* The request: its nonce, its policy, and its imprint if the data are not given. */
static bool read_query(struct shared *shared, struct err *err)
{
	const char *path = shared->options->query;
	struct token_wants *wants = &shared->policy.wants;
	struct tsp_request *query = &shared->query;
	struct tsp_refusal refusal;

	if (path == NULL)
		return true;
	if (!input_der(path, TSP_MAX_REQUEST, &shared->query_bytes, err))
		return err_while(err, "--query %.200s", path);
	if (!tsp_request_decode(buf_view(&shared->query_bytes), query, &refusal))
		return err_set(
			err, "--query %.200s: must be a TimeStampReq: %s", path, refusal.text);
	if (query->nonce.len > 0)
		wants->nonce = query->nonce;
	if (query->policy.len > 0 && !want_policy(shared, err))
		return err_while(err, "--query %.200s", path);
	if (shared->data == NULL)
		shared->data = data_of_imprint(imprint_digest(query), query->imprint);
	return true;
}

static bool read_data(struct shared *shared, struct err *err)
{
	const struct verify_options *options = shared->options;
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (options->data != NULL) {
		shared->data = data_of_file(options->data, err);
		return shared->data != NULL || err_while(err, "--data %.200s", options->data);
	}
	if (options->digest == NULL)
		return true;
	if (!hex_decode(options->digest, digest, sizeof(digest), &len) || len < 16)
		return err_set(err, "--digest: must be 16 to 64 octets in hexadecimal: is %.140s",
			options->digest);
	shared->data = data_of_digest((struct bytes){ digest, len });
	return true;
}

static bool read_folders(struct shared *shared, struct err *err)
{
	const struct verify_list *folders = &shared->options->evidence;

	for (unsigned i = 0; i < folders->count; i++)
		if (!gather_folder(shared, folders->at[i], err))
			return false;
	return true;
}

/* Said before anything is fetched, not after. */
static bool check_collect(const char *folder, struct err *err)
{
	return folder == NULL || seal_is_free(folder, err) || err_while(err, "--collect");
}

/* What the later tokens prove of what was given; what they prove of a token is asked with it. */
static void prove_covered(struct shared *shared)
{
	unsigned poes = shared->poes.count, count = shared->covered.count;
	struct bytes *tokens;
	struct check_object *objects;

	if (poes == 0 || count == 0)
		return;
	tokens = must_calloc(poes, sizeof(*tokens));
	objects = must_calloc(count, sizeof(*objects));
	for (unsigned i = 0; i < poes; i++)
		tokens[i] = buf_view(&shared->poes.at[i].octets);
	for (unsigned i = 0; i < count; i++)
		objects[i].octets = buf_view(&shared->covered.at[i].octets);
	check_proofs(tokens, poes, objects, count, &shared->policy, shared->material, shared->cache,
		NULL, NULL);
	free(tokens);
	free(objects);
}

/* --signed-cert: one certificate, whose issuer may stand behind it. */
static bool read_signed_cert(struct shared *shared, struct err *err)
{
	const char *path = shared->options->signed_cert;
	STACK_OF(X509) * all;
	bool ok = true;

	if (path == NULL)
		return true;
	all = input_certificates(path, err);
	if (all == NULL)
		return err_while(err, "--signed-cert %.200s", path);
	shared->signed_cert = sk_X509_shift(all);
	for (int i = 0; ok && i < sk_X509_num(all); i++)
		ok = shared_add_certificate(shared, false, sk_X509_value(all, i), path, err);
	sk_X509_pop_free(all, X509_free);
	return ok;
}

static bool read_all(struct shared *shared, struct err *err)
{
	const struct verify_options *options = shared->options;

	return read_algorithms(shared, err) && shared_read_material(shared, err) &&
	       read_poes(shared, err) && read_record(shared, err) && read_data(shared, err) &&
	       read_query(shared, err) && read_signed_cert(shared, err) &&
	       read_folders(shared, err) && check_collect(options->collect, err);
}

bool shared_read(const struct verify_options *options, struct shared *shared, struct err *err)
{
	*shared = (struct shared){
		.options = options,
		.cache = material_cache_new(),
		.policy = { .model = options->model.model,
			.at = options->at.given ? options->at.seconds : (int64_t)time(NULL),
			.skew_s = SKEW_S,
			.revocation_required = options->revocation_required,
			.wants = { .policies = options->policies.count > 0 ? options->policies.at
									   : NULL,
				.policy_count = options->policies.count,
				.legacy_eku = options->legacy_eku } },
	};
	shared->material = material_new(shared->cache, NULL);
	if (!read_all(shared, err))
		return false;
	evidence_record_prove_given(shared);
	prove_covered(shared);
	return true;
}

void shared_wipe(struct shared *shared)
{
	objects_wipe(&shared->poes);
	objects_wipe(&shared->covered);
	objects_wipe(&shared->records);
	data_free(shared->data);
	X509_free(shared->signed_cert);
	material_free(shared->material);
	material_cache_free(shared->cache);
	algorithms_free(shared->algorithms);
	buf_free(&shared->algorithms_text);
	buf_free(&shared->query_bytes);
}
