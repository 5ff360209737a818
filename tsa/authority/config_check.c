/*
 * What settings must be to each other.  Every rule is one function of the table at the end; it may
 * find the same settings bad that another found, as each cites its own clause.
 */
#include "tsa/authority/config_part.h"

#include <string.h>

#include "tsa/tsp/der.h"
#include "tsa/tsp/tstinfo.h"

enum { BOUND_TENTHS = 9 }; /* of the accuracy, for all that makes up the clock's bound (R28) */

static struct config_endpoint *endpoint_of(const struct config_job *job, size_t tsu)
{
	return &job->config->endpoints[job->config->tsus[tsu].endpoint];
}

static void check_listeners(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t i = 0; i < config->listen_count; i++) {
		const char *port = strrchr(config->listen[i], ':');

		if (strcmp(config->listen[i], config->admin) == 0 && strcmp(port, ":0") != 0)
			config_report(job, false, "tsad", "admin",
				"R19: is a listener of its own: %s is in listen", config->admin);
	}
}

static void check_paths(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t i = 0; i < config->endpoint_count; i++)
		for (size_t k = 0; k < i; k++)
			if (config->endpoints[i].path[0] != '\0' &&
				strcmp(config->endpoints[i].path, config->endpoints[k].path) == 0)
				config_report(job, false, config->endpoints[i].name, "path",
					"D9: an endpoint has a path of its own: %s is [%s]'s",
					config->endpoints[i].path, config->endpoints[k].name);
}

static void check_ack(struct config_job *job)
{
	if (job->config->ack == CONFIG_ACK_LEDGER && job->config->database[0] == '\0')
		config_report(job, false, "tsad", "ack",
			"D4: ledger waits for PostgreSQL: there is no database");
}

/*
 * R28, D10: what is certain to be in the clock's bound, against the accuracy: the slack, the
 * resolution of genTime, and the least error that a kernel whose clock is synchronised states.
 */
static void check_accuracy(struct config_job *job)
{
	static const uint64_t least_maxerror_us = 1;

	for (size_t i = 0; i < job->config->tsu_count; i++) {
		const struct config_tsu *tsu = &job->config->tsus[i];
		unsigned digits = endpoint_of(job, i)->digits;
		uint64_t bound_us = job->config->clock_slack_ms * UINT64_C(1000) +
				    tsp_time_resolution_us(digits) + least_maxerror_us;

		if (job->config->clock == CONFIG_CLOCK_KERNEL &&
			bound_us * 10 > tsu->accuracy_ms * UINT64_C(1000) * BOUND_TENTHS)
			config_report(job, false, tsu->name, "accuracy_ms",
				"R28: clock_slack_ms (%u), the resolution of %u digits and the kernel's "
				"bound fit into 0.9 of it: found %u",
				job->config->clock_slack_ms, digits, tsu->accuracy_ms);
		if (tsu->accuracy_ms % 1000 != 0)
			config_report(job, true, tsu->name, "accuracy_ms",
				"is no whole second: some clients refuse millis in an accuracy");
	}
}

/* R10: genTime never decreases in a lease, which coarse and fine ones side by side would do. */
static void check_digits(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t i = 1; i < config->endpoint_count; i++)
		if (config->endpoints[i].digits != config->endpoints[0].digits)
			config_report(job, false, config->endpoints[i].name, "digits",
				"R10: is the same at every endpoint: found %u, [%s] has %u",
				config->endpoints[i].digits, config->endpoints[0].name,
				config->endpoints[0].digits);
}

static void check_token(struct config_job *job, const struct config_tsu *tsu)
{
	static const char *const needed[] = { "module", "pin_file" };

	if (strncmp(tsu->key, "pkcs11:", 7) != 0)
		return;
	/* A line that is there with a bad value is reported already. */
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (config_line_of(job, tsu->name, needed[i]) == NULL)
			config_report(job, false, tsu->name, needed[i],
				"missing: a pkcs11: key needs it");
}

static void check_keys(struct config_job *job)
{
	for (size_t i = 0; i < job->config->tsu_count; i++) {
		const struct config_tsu *tsu = &job->config->tsus[i];

		if (strncmp(tsu->key, "file:", 5) == 0 && tsu->module[0] != '\0')
			config_report(job, false, tsu->name, "module", "a file: key has none");
		check_token(job, tsu);
	}
}

/* What a certificate's rule found goes to the setting that names its file. */
struct finding_place {
	struct config_job *job;
	const struct config_tsu *tsu;
	bool warning;
};

static void report_certificate(void *arg, const char *rule, const char *finding)
{
	const struct finding_place *place = arg;

	config_report(place->job, place->warning, place->tsu->name, "certificate", "%s: %s: %s",
		place->tsu->certificate_file, rule, finding);
}

static void check_certificates(struct config_job *job)
{
	for (size_t i = 0; i < job->config->tsu_count; i++) {
		const struct config_tsu *tsu = &job->config->tsus[i];
		struct finding_place place = { job, tsu, tsu->superseded };
		/* What is not yet active is judged by the day on which it will be. */
		int64_t when = tsu->activate_at > job->now ? tsu->activate_at : job->now;

		if (job->certificates[i].leaf != NULL)
			(void)profile_check_certificate(endpoint_of(job, i)->profile,
				job->certificates[i].leaf, job->certificates[i].chain, when,
				report_certificate, &place);
	}
}

/* True if some certificate of a and some of b name the same issuer. */
static bool share_issuer(const struct config_certificate *a, const struct config_certificate *b)
{
	for (int i = -1; i < sk_X509_num(a->chain); i++) {
		const X509 *of_a = i < 0 ? a->leaf : sk_X509_value(a->chain, i);

		for (int k = -1; k < sk_X509_num(b->chain); k++) {
			const X509 *of_b = k < 0 ? b->leaf : sk_X509_value(b->chain, k);

			if (X509_NAME_cmp(X509_get_issuer_name(of_a), X509_get_issuer_name(of_b)) ==
				0)
				return true;
		}
	}
	return false;
}

/* The commonName of a certificate's subject; NULL if there is none. */
static const ASN1_STRING *common_name(const X509 *certificate)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	return at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

/* T-03: a name of one TSU. Those of one list follow each other, as the keys of one. */
static void check_names(struct config_job *job, size_t a, size_t b)
{
	const ASN1_STRING *of_a = common_name(job->certificates[a].leaf);
	const ASN1_STRING *of_b = common_name(job->certificates[b].leaf);

	if (endpoint_of(job, a)->profile != PROFILE_ETSI &&
		endpoint_of(job, b)->profile != PROFILE_ETSI)
		return;
	if (of_a == NULL || of_b == NULL || ASN1_STRING_cmp(of_a, of_b) != 0 ||
		config_lists_share(job->config, a, b))
		return;
	config_report(job, false, job->config->tsus[b].name, "certificate",
		"T-03: EN 319 422 6.2: commonName is of one TSU within the TSA: it is [%s]'s",
		job->config->tsus[a].name);
}

/* T-17: who asks can tell qualified time-stamps by the name of the unit. */
static void check_qualified(struct config_job *job, size_t a, size_t b)
{
	if (endpoint_of(job, a)->qualified == endpoint_of(job, b)->qualified ||
		X509_NAME_cmp(X509_get_subject_name(job->certificates[a].leaf),
			X509_get_subject_name(job->certificates[b].leaf)) != 0)
		return;
	config_report(job, false, job->config->tsus[b].name, "certificate",
		"T-17: EN 319 421 TIS-8.2-02: units for qualified time-stamps and for others have "
		"different subject names: it is [%s]'s",
		job->config->tsus[a].name);
}

static void check_pair_of_tsus(struct config_job *job, size_t a, size_t b)
{
	const struct config_certificate *of_a = &job->certificates[a];
	const struct config_certificate *of_b = &job->certificates[b];
	const struct config_tsu *tsu = &job->config->tsus[b];
	const char *other = job->config->tsus[a].name;
	bool mixed = endpoint_of(job, a)->purpose != endpoint_of(job, b)->purpose;

	if (tsu->key[0] != '\0' && strcmp(tsu->key, job->config->tsus[a].key) == 0)
		config_report(job, false, tsu->name, "key",
			"T-12: a TSU has a key of its own: it is [%s]'s", other);
	if (of_a->leaf == NULL || of_b->leaf == NULL)
		return;
	if (X509_cmp(of_a->leaf, of_b->leaf) == 0)
		config_report(job, false, tsu->name, "certificate",
			"T-12: a TSU has a certificate of its own: it is [%s]'s", other);
	else if (EVP_PKEY_eq(X509_get0_pubkey(of_a->leaf), X509_get0_pubkey(of_b->leaf)) == 1)
		config_report(job, false, tsu->name, "certificate", "%s: the key in it is [%s]'s",
			mixed ? "D9: release and test share no key"
			      : "T-13: a key has one certificate",
			other);
	check_names(job, a, b);
	check_qualified(job, a, b);
	if (mixed && share_issuer(of_a, of_b))
		config_report(job, false, tsu->name, "certificate",
			"D9: release and test share no issuing certificate: [%s]'s chain has the same "
			"issuer",
			other);
}

static void check_tsus_apart(struct config_job *job)
{
	for (size_t b = 0; b < job->config->tsu_count; b++)
		for (size_t a = 0; a < b; a++)
			check_pair_of_tsus(job, a, b);
}

static void check_policies_apart(
	struct config_job *job, const struct config_endpoint *a, const struct config_endpoint *b)
{
	for (size_t i = 0; i < a->policy_count; i++)
		for (size_t k = 0; k < b->policy_count; k++) {
			struct bytes of_a = { a->policies[i].at, a->policies[i].len };
			struct bytes of_b = { b->policies[k].at, b->policies[k].len };
			char oid[128] = "";

			if (!bytes_equal(of_a, of_b) || !der_oid_to_text(of_a, oid, sizeof(oid)))
				continue;
			config_report(job, false, b->name, "policies",
				"D9: release and test share no policy: %s is [%s]'s", oid, a->name);
		}
}

static void check_purposes_apart(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t b = 0; b < config->endpoint_count; b++)
		for (size_t a = 0; a < b; a++)
			if (config->endpoints[a].purpose != config->endpoints[b].purpose)
				check_policies_apart(
					job, &config->endpoints[a], &config->endpoints[b]);
}

/* The front takes no longer page: it would end, and no other one would come up. */
static void check_pages(struct config_job *job)
{
	size_t len = 0;

	for (size_t i = 0; i < job->config->tsu_count; i++)
		len += job->config->tsus[i].pem.len;
	for (size_t i = 0; i < job->config->past_count; i++)
		len += job->config->past[i].pem.len;
	if (len > CONFIG_MAX_PEM)
		config_report(job, false, "tsad", "endpoints",
			"certificates: all together %zu bytes as PEM, /tsu.pem has room for %d",
			len, CONFIG_MAX_PEM);
}

void config_check(struct config_job *job)
{
	static void (*const rules[])(struct config_job * job) = {
		check_listeners,
		check_paths,
		config_lists_check,
		check_ack,
		check_accuracy,
		check_digits,
		check_keys,
		config_profile_check,
		check_certificates,
		check_pages,
		check_tsus_apart,
		check_purposes_apart,
	};

	config_lists_sort(job);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](job);
}
