/*
 * What the profile of an endpoint asks of its settings and of those of its TSUs (D7), as tables of
 * rules with the IDs of requirements.md.  What it asks of certificates is in tsa/token/profile*.c.
 */
#include "tsa/authority/config_part.h"

#include <stdio.h>
#include <string.h>

#include "tsa/tsp/der.h"
#include "tsa/tsp/tstinfo.h"

enum {
	ALL = 1 << PROFILE_RFC3161 | 1 << PROFILE_ETSI | 1 << PROFILE_CSBR,
	ETSI = 1 << PROFILE_ETSI,
	CSBR = 1 << PROFILE_CSBR,
	ACCURACY_MS = 1000, /* EN 319 421 TIS-7.7.2-03, EN 319 422 5.2.2 */
};

/* What a rule looks at; tsu is NULL for a rule about an endpoint. */
struct subject {
	const struct config *config;
	const struct config_endpoint *endpoint;
	const struct config_tsu *tsu;
};

/* True if the rule holds; else found says what is there instead. */
typedef bool rule_check(const struct subject *subject, struct err *found);

struct rule {
	unsigned profiles; /* bit n: enum profile n */
	bool warning;
	const char *id;
	const char *section; /* where its setting is; NULL: the TSU's section, or the endpoint's */
	const char *key;
	rule_check *check;
	const char *text;
};

/* T-07: nobody looks whether the time is right. */
static bool check_clock(const struct subject *s, struct err *found)
{
	return s->config->clock != CONFIG_CLOCK_UNCHECKED || err_set(found, "unchecked");
}

static bool has_policy(const struct config_endpoint *endpoint, const char *text)
{
	uint8_t at[MSG_MAX_OID];
	struct bytes oid = { at, der_oid_from_text(text, at, sizeof(at)) };

	for (size_t i = 0; i < endpoint->policy_count; i++) {
		struct bytes own = { endpoint->policies[i].at, endpoint->policies[i].len };

		if (bytes_equal(own, oid))
			return true;
	}
	return false;
}

/* Test units may keep their keys in software: for them its terms do not hold. */
static bool check_btsp(const struct subject *s, struct err *found)
{
	if (!has_policy(s->endpoint, "0.4.0.2023.1.1"))
		return true;
	if (s->endpoint->profile != PROFILE_ETSI)
		return err_set(found, "profile %s", profile_name(s->endpoint->profile));
	return s->endpoint->purpose == CONFIG_RELEASE || err_set(found, "purpose test");
}

static bool check_csbr_policy(const struct subject *s, struct err *found)
{
	return !has_policy(s->endpoint, "2.23.140.1.4.2") || err_set(found, "it");
}

static bool check_qualified(const struct subject *s, struct err *found)
{
	return !s->endpoint->qualified || s->endpoint->profile == PROFILE_ETSI ||
	       err_set(found, "profile %s", profile_name(s->endpoint->profile));
}

static bool check_accuracy(const struct subject *s, struct err *found)
{
	return s->tsu->accuracy_ms <= ACCURACY_MS ||
	       err_set(found, "%u ms", (unsigned)s->tsu->accuracy_ms);
}

static bool check_precision(const struct subject *s, struct err *found)
{
	return tsp_time_resolution_us(s->endpoint->digits) < s->tsu->accuracy_ms * UINT64_C(1000) ||
	       err_set(found, "%u digits and %u ms", s->endpoint->digits,
		       (unsigned)s->tsu->accuracy_ms);
}

static bool is_file_key(const struct config_tsu *tsu)
{
	return strncmp(tsu->key, "file:", 5) == 0;
}

static bool check_software_key(const struct subject *s, struct err *found)
{
	return !is_file_key(s->tsu) || s->tsu->allow_software_key ||
	       err_set(found, "a file: key without it");
}

static bool check_key(const struct subject *s, struct err *found)
{
	return !is_file_key(s->tsu) || err_set(found, "a file: key");
}

static bool check_switch(const struct subject *s, struct err *found)
{
	return !s->tsu->allow_software_key || err_set(found, "yes");
}

static bool check_module(const struct subject *s, struct err *found)
{
	bool is_software = strcasestr(s->tsu->module, "softhsm") != NULL ||
			   strcasestr(s->tsu->module, "softokn") != NULL;

	return !is_software || s->endpoint->purpose != CONFIG_RELEASE ||
	       err_set(found, "%.200s", s->tsu->module);
}

static const struct rule rules_of_endpoints[] = {
	{ ETSI | CSBR, false, "D7, T-07", "tsad", "clock", check_clock,
		"EN 319 421 TIS-7.7.1-07, CSBR 6.8: nothing is issued by a clock that nobody checks" },
	{ ALL, false, "T-05", NULL, "qualified", check_qualified,
		"only tokens under profile etsi may say so" },
	{ ALL, false, "T-06", NULL, "policies", check_btsp,
		"EN 319 421 5.2: 0.4.0.2023.1.1 is claimed only where its terms hold: for release, "
		"under etsi" },
	{ ALL & ~CSBR, true, "T-06", NULL, "policies", check_csbr_policy,
		"2.23.140.1.4.2 claims what CSBR asks for, which only profile csbr checks" },
};

static const struct rule rules_of_tsus[] = {
	{ ALL, false, "D6", NULL, "key", check_software_key,
		"a file: key needs allow_software_key = yes, and is for tests only" },
	{ ETSI | CSBR, false, "D6", NULL, "key", check_key, "the key is in a token" },
	{ ETSI | CSBR, false, "D6", NULL, "allow_software_key", check_switch,
		"no software key is allowed" },
	{ ETSI | CSBR, false, "D7, T-14", NULL, "module", check_module,
		"EN 319 421 TIS-7.6.2-03: for release the key is in a certified device, no software "
		"token" },
	{ ETSI | CSBR, false, "T-08", NULL, "accuracy_ms", check_accuracy,
		"EN 319 421 TIS-7.7.2-03: the accuracy is 1 s or better" },
	{ ETSI, false, "T-02", NULL, "accuracy_ms", check_precision,
		"EN 319 422 5.2.2: the precision of genTime supports the accuracy: digits resolve "
		"less than accuracy_ms" },
};

static void report(struct config_job *job, const struct rule *rule, const struct subject *subject,
	const struct err *found)
{
	const char *section = rule->section;
	char place[MSG_MAX_NAME + 32] = "";

	if (section == NULL)
		section = subject->tsu == NULL ? subject->endpoint->name : subject->tsu->name;
	if (rule->profiles != ALL)
		(void)snprintf(place, sizeof(place), " (profile %s of [%s])",
			profile_name(subject->endpoint->profile), subject->endpoint->name);
	config_report(job, rule->warning, section, rule->key, "%s: %s: found %s%s", rule->id,
		rule->text, found->text, place);
}

static void check_rules(struct config_job *job, const struct rule *rules, size_t count,
	const struct subject *subject)
{
	for (size_t i = 0; i < count; i++) {
		struct err found = { 0 };

		if ((rules[i].profiles >> subject->endpoint->profile & 1) == 1 &&
			!rules[i].check(subject, &found))
			report(job, &rules[i], subject, &found);
	}
}

void config_profile_check(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t i = 0; i < config->endpoint_count; i++) {
		struct subject subject = { config, &config->endpoints[i], NULL };

		check_rules(job, rules_of_endpoints,
			sizeof(rules_of_endpoints) / sizeof(rules_of_endpoints[0]), &subject);
	}
	for (size_t i = 0; i < config->tsu_count; i++) {
		const struct config_tsu *tsu = &config->tsus[i];
		struct subject subject = { config, &config->endpoints[tsu->endpoint], tsu };

		check_rules(job, rules_of_tsus, sizeof(rules_of_tsus) / sizeof(rules_of_tsus[0]),
			&subject);
	}
}
