/*
 * An endpoint's lists of TSUs: one for each digest of imprints that has its own, and one for all
 * others (R17, C-05).
 */
#include "tsa/authority/config_part.h"

#include <stdio.h>
#include <string.h>

void config_list_key(enum tsp_digest digest, char key[CONFIG_LIST_KEY])
{
	(void)snprintf(key, CONFIG_LIST_KEY, "tsus%s%s", digest == TSP_DIGEST_NONE ? "" : ".",
		digest == TSP_DIGEST_NONE ? "" : tsp_digest_name(digest));
}

/* By activate_at, ascending. */
static void sort(const struct config *config, size_t *tsus, size_t count)
{
	const struct config_tsu *all = config->tsus;

	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && all[tsus[k - 1]].activate_at > all[tsus[k]].activate_at;
			k--) {
			size_t later = tsus[k - 1];

			tsus[k - 1] = tsus[k];
			tsus[k] = later;
		}
}

/* False if the TSU is not in the list, or none that is was activated after it, before now. */
static bool is_followed(const struct config_job *job, const struct config_list *list, size_t tsu)
{
	for (size_t i = 0; i < list->count; i++) {
		int64_t other = job->config->tsus[list->tsus[i]].activate_at;

		if (other <= job->now && other > job->config->tsus[tsu].activate_at)
			return true;
	}
	return false;
}

static bool is_in(const struct config_list *list, size_t tsu)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->tsus[i] == tsu)
			return true;
	return false;
}

bool config_lists_share(const struct config *config, size_t a, size_t b)
{
	const struct config_endpoint *endpoint = &config->endpoints[config->tsus[a].endpoint];

	for (size_t d = 0; d < TSP_DIGESTS; d++)
		if (is_in(&endpoint->lists[d], a) && is_in(&endpoint->lists[d], b))
			return true;
	return false;
}

/* It signs no more: in none of the lists that it is in. */
static bool is_superseded(const struct config_job *job, size_t tsu)
{
	const struct config_tsu *t = &job->config->tsus[tsu];
	const struct config_endpoint *endpoint = &job->config->endpoints[t->endpoint];

	for (size_t d = 0; d < TSP_DIGESTS; d++)
		if (is_in(&endpoint->lists[d], tsu) && !is_followed(job, &endpoint->lists[d], tsu))
			return false;
	return true;
}

void config_lists_sort(struct config_job *job)
{
	struct config *config = job->config;

	for (size_t i = 0; i < config->endpoint_count; i++) {
		struct config_endpoint *endpoint = &config->endpoints[i];

		sort(config, endpoint->tsus, endpoint->tsu_count);
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			sort(config, endpoint->lists[d].tsus, endpoint->lists[d].count);
	}
	for (size_t i = 0; i < config->tsu_count; i++)
		config->tsus[i].superseded = is_superseded(job, i);
}

/* R17: at any time one TSU of a list signs: the one activated last. */
static void check_activation(
	struct config_job *job, const struct config_endpoint *endpoint, enum tsp_digest digest)
{
	const struct config_list *list = &endpoint->lists[digest];
	const struct config_tsu *all = job->config->tsus;
	char key[CONFIG_LIST_KEY];

	config_list_key(digest, key);
	if (list->count > 0 && all[list->tsus[0]].activate_at > job->now)
		config_report(job, false, endpoint->name, key,
			"R17: one TSU's activate_at is past, else none signs: the first is [%s]",
			all[list->tsus[0]].name);
	for (size_t k = 1; k < list->count; k++) {
		const struct config_tsu *a = &all[list->tsus[k - 1]];
		const struct config_tsu *b = &all[list->tsus[k]];

		/* Without a key it is no TSU yet, which is reported. */
		if (a->activate_at == b->activate_at && a->key[0] != '\0' && b->key[0] != '\0')
			config_report(job, false, b->name, "activate_at",
				"R17: no two TSUs of a list start at the same time: in %s of [%s] so "
				"does [%s]",
				key, endpoint->name, a->name);
	}
}

static bool is_set(const struct config_job *job, const struct config_endpoint *endpoint,
	enum tsp_digest digest)
{
	char key[CONFIG_LIST_KEY];

	config_list_key(digest, key);
	return config_line_of(job, endpoint->name, key) != NULL;
}

/* Digests that the list for all others must answer, with commas. */
static void others_of(const struct config_job *job, const struct config_endpoint *endpoint,
	char *others, size_t cap)
{
	others[0] = '\0';
	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		size_t used = strlen(others);

		if ((endpoint->digests >> d & 1) == 1 && !is_set(job, endpoint, (enum tsp_digest)d))
			(void)snprintf(others + used, cap - used, "%s%s", used == 0 ? "" : ", ",
				tsp_digest_name((enum tsp_digest)d));
	}
}

/* Every digest that is accepted has one list, every list a digest. */
static void check_digests(struct config_job *job, const struct config_endpoint *endpoint)
{
	char others[128];
	char key[CONFIG_LIST_KEY];

	if (config_line_of(job, endpoint->name, "") == NULL)
		return; /* a section that is missing is reported once */
	others_of(job, endpoint, others, sizeof(others));
	if (others[0] != '\0' && !is_set(job, endpoint, TSP_DIGEST_NONE))
		config_report(job, false, endpoint->name, "tsus",
			"missing: no list says which TSUs answer %s", others);
	if (others[0] == '\0' && is_set(job, endpoint, TSP_DIGEST_NONE))
		config_report(job, false, endpoint->name, "tsus",
			"R17: no request reaches these: every digest that is accepted has a list "
			"of its own");
	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		if ((endpoint->digests >> d & 1) == 1 || !is_set(job, endpoint, (enum tsp_digest)d))
			continue;
		config_list_key((enum tsp_digest)d, key);
		config_report(job, false, endpoint->name, key,
			"R17: no request reaches these: digests does not accept %s",
			tsp_digest_name((enum tsp_digest)d));
	}
}

/*
 * The first certificate of a TSU, its own being number 1, that is signed with a shorter digest; 0
 * if there is none. What a root signs itself with proves nothing.
 */
static int first_weaker(
	const struct config_certificate *file, enum tsp_digest digest, enum tsp_digest *of)
{
	for (int i = 0; file->leaf != NULL && i <= sk_X509_num(file->chain); i++) {
		X509 *one = i == 0 ? file->leaf : sk_X509_value(file->chain, i - 1);

		*of = profile_token_digest(one);
		if (tsp_digest_len(*of) < tsp_digest_len(digest) &&
			(i == 0 || X509_self_signed(one, 0) != 1))
			return i + 1;
	}
	return 0;
}

/*
 * C-05: a TSU signs with its certificate's digest, whatever list it is in: one that stands where a
 * longer digest is matched makes tokens, or has a chain, that are weaker than what was asked for.
 */
static void check_matches(
	struct config_job *job, const struct config_endpoint *endpoint, enum tsp_digest digest)
{
	const struct config_list *list = &endpoint->lists[digest];
	char key[CONFIG_LIST_KEY];

	config_list_key(digest, key);
	for (size_t i = 0; i < list->count; i++) {
		const char *name = job->config->tsus[list->tsus[i]].name;
		enum tsp_digest of = TSP_DIGEST_NONE;
		int at = first_weaker(&job->certificates[list->tsus[i]], digest, &of);

		if (at == 1)
			config_report(job, true, endpoint->name, key,
				"C-05: the certificate of [%s] is signed with %s, and so are its tokens",
				name, tsp_digest_name(of));
		else if (at > 1)
			config_report(job, true, endpoint->name, key,
				"C-05: certificate %d of [%s], an issuer's, is signed with %s", at,
				name, tsp_digest_name(of));
	}
}

void config_lists_check(struct config_job *job)
{
	for (size_t i = 0; i < job->config->endpoint_count; i++) {
		const struct config_endpoint *endpoint = &job->config->endpoints[i];

		check_digests(job, endpoint);
		for (int d = 0; d < TSP_DIGESTS; d++) {
			check_activation(job, endpoint, (enum tsp_digest)d);
			if (d != TSP_DIGEST_NONE)
				check_matches(job, endpoint, (enum tsp_digest)d);
		}
	}
}
