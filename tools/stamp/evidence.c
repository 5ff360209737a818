/* Owns the index and the lock on the folder. */
#include "evidence_part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "text.h"
#include "tsa/core/hex.h"
#include "tsa/token/build.h"

static const char format[] = "tsa-stamp evidence 1";
static const char *const tables[] = { "tokens", "certificates", "crls", "collections" };

static bool lock_folder(struct evidence *evidence, struct err *err)
{
	if (mkdir(evidence->folder, 0777) != 0 && errno != EEXIST)
		return err_sys(err, "%.300s", evidence->folder);
	evidence->lock = open(evidence->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (evidence->lock < 0)
		return err_sys(err, "%.300s", evidence->folder);
	if (flock(evidence->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	return errno == EWOULDBLOCK ? err_set(err,
					      "%.300s: must be used by one tsa-stamp: another "
					      "is at it",
					      evidence->folder)
				    : err_sys(err, "%.300s", evidence->folder);
}

static bool index_path(const struct evidence *evidence, char path[PATH_MAX], struct err *err)
{
	int n = snprintf(path, PATH_MAX, "%s/index.json", evidence->folder);

	return (n > 0 && n < PATH_MAX) ||
	       err_set(err, "%.200s: path is too long", evidence->folder);
}

/* One of ours, or it is left alone. */
static bool is_ours(const json_t *index)
{
	const char *found = json_string_value(json_object_get(index, "format"));

	if (found == NULL || strcmp(found, format) != 0)
		return false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!json_is_object(json_object_get(index, tables[i])))
			return false;
	return true;
}

static json_t *new_index(void)
{
	json_t *index = json_pack("{s:s}", "format", format);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (json_object_set_new(index, tables[i], json_object()) != 0)
			abort();
	return index;
}

static bool read_index(struct evidence *evidence, struct err *err)
{
	json_error_t where;
	char path[PATH_MAX];
	struct stat st;

	if (!index_path(evidence, path, err))
		return false;
	if (stat(path, &st) != 0) {
		if (errno != ENOENT)
			return err_sys(err, "%.300s", path);
		evidence->index = new_index();
		return true;
	}
	if (st.st_size > EVIDENCE_MAX_INDEX)
		return err_set(err, "%.300s: at most %d bytes: has %jd", path, EVIDENCE_MAX_INDEX,
			(intmax_t)st.st_size);
	evidence->index = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	if (evidence->index == NULL)
		return err_set(
			err, "%.300s: must be JSON: line %d: %.120s", path, where.line, where.text);
	return is_ours(evidence->index) ||
	       err_set(err, "%.300s: must be of format \"%s\": is not", path, format);
}

struct evidence *evidence_open(const char *folder, struct event_base *base,
	const struct http_settings *settings, STACK_OF(X509) * known, struct err *err)
{
	struct evidence *evidence = must_calloc(1, sizeof(*evidence));

	evidence->folder = folder;
	evidence->base = base;
	evidence->settings = *settings;
	evidence->known = known;
	evidence->lock = -1;
	store_now(evidence->now);
	if (lock_folder(evidence, err) && read_index(evidence, err))
		return evidence;
	evidence_free(evidence);
	return NULL;
}

void evidence_stop_on(struct evidence *evidence, const bool *stop)
{
	evidence->stop = stop;
}

void evidence_free(struct evidence *evidence)
{
	if (evidence == NULL)
		return;
	for (size_t i = 0; i < evidence->signer_count; i++) {
		X509_free(evidence->signers[i].certificate);
		sk_X509_pop_free(evidence->signers[i].beside, X509_free);
	}
	for (size_t i = 0; i < evidence->crl_count; i++) {
		free(evidence->crls[i].url);
		X509_CRL_free(evidence->crls[i].crl);
	}
	json_decref(evidence->index);
	if (evidence->lock >= 0)
		(void)close(evidence->lock);
	free(evidence);
}

/* The signer's place, made if it is new. */
static struct evidence_signer *signer_of(
	struct evidence *evidence, const struct stamp_token *token, struct err *err)
{
	struct evidence_signer *signer;
	char hash[EVIDENCE_HASH];

	for (size_t i = 0; i < evidence->signer_count; i++)
		if (X509_cmp(evidence->signers[i].certificate, token->signer) == 0)
			return &evidence->signers[i];
	if (evidence->signer_count == EVIDENCE_MAX_SIGNERS) {
		err_set(err, "at most %d signers in one run: there are more", EVIDENCE_MAX_SIGNERS);
		return NULL;
	}
	if (!store_certificate(evidence, token->signer, "token", hash, err))
		return NULL;
	signer = &evidence->signers[evidence->signer_count];
	signer->beside = X509_chain_up_ref(token->certificates);
	if (signer->beside == NULL || X509_up_ref(token->signer) != 1)
		abort();
	signer->certificate = token->signer;
	(void)snprintf(
		signer->collection, sizeof(signer->collection), "%s@%s", hash, evidence->now);
	evidence->signer_count++;
	return signer;
}

bool evidence_add(struct evidence *evidence, const char *file, const char *url,
	const struct stamp_query *query, struct bytes answer, const struct stamp_token *token,
	struct err *err)
{
	const struct bytes imprint = { query->imprint, tsp_digest_len(query->digest) };
	char imprint_text[2 * TSP_MAX_IMPRINT + 1];
	char hash[EVIDENCE_HASH], now[EVIDENCE_TIME];
	const struct evidence_signer *signer = signer_of(evidence, token, err);
	json_t *entry;

	if (signer == NULL || !store_put(evidence, "answers", "tsr", answer, hash, err))
		return false;
	hex_encode(imprint, imprint_text);
	store_now(now);
	entry = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "file", text_json(file),
		"digest", tsp_digest_name(query->digest), "imprint", imprint_text, "serial",
		token->serial, "gen_time", token->gen_time, "policy", token->policy, "from",
		text_json(url), "collected", now, "collection", signer->collection);
	return json_object_set_new(json_object_get(evidence->index, "tokens"), hash, entry) == 0 ||
	       err_set(err, "index: out of memory");
}

static bool write_index(const struct evidence *evidence, struct err *err)
{
	char path[PATH_MAX];
	char *text = json_dumps(evidence->index, JSON_INDENT(1) | JSON_SORT_KEYS);
	bool ok;

	ok = text != NULL ? index_path(evidence, path, err) : err_set(err, "index: out of memory");
	if (ok && !output_write(path, bytes_of_text(text), true, err))
		ok = err_while(err, "%.300s", path);
	free(text);
	return ok;
}

bool evidence_collect(struct evidence *evidence, evidence_lack *lack, void *arg, struct err *err)
{
	bool ok = true;

	evidence->lack = lack;
	evidence->arg = arg;
	for (size_t i = 0; ok && i < evidence->signer_count; i++)
		ok = collect_signer(evidence, &evidence->signers[i], err);
	/* What was collected until something failed is worth its entry. */
	if (ok)
		return write_index(evidence, err);
	{
		struct err ignored;

		(void)write_index(evidence, &ignored);
	}
	return false;
}
