/* The times of a certificate and its key.  Reads certificates only. */
#include "tsa/token/profile_rule.h"

#include <stdio.h>
#include <time.h>

#include <openssl/x509v3.h>

int64_t profile_seconds(const ASN1_TIME *time)
{
	struct tm tm;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return INT64_MIN;
	return timegm(&tm);
}

int64_t profile_add_months(int64_t from, int months)
{
	time_t start = (time_t)from;
	struct tm tm;
	struct tm last;

	if (from == INT64_MIN || gmtime_r(&start, &tm) == NULL)
		return INT64_MIN;
	last = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months + 1, .tm_mday = 0 };
	if (timegm(&last) == -1)
		return INT64_MIN;
	tm.tm_mon += months;
	if (tm.tm_mday > last.tm_mday)
		tm.tm_mday = last.tm_mday;
	return timegm(&tm);
}

void profile_time_text(int64_t seconds, char out[PROFILE_TIME_TEXT])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
		strftime(out, PROFILE_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, PROFILE_TIME_TEXT, "%lld", (long long)seconds);
}

int64_t profile_key_usage_bound(X509 *certificate, bool end, int64_t absent)
{
	PKEY_USAGE_PERIOD *period =
		X509_get_ext_d2i(certificate, NID_private_key_usage_period, NULL, NULL);
	const ASN1_GENERALIZEDTIME *bound = NULL;
	int64_t seconds = absent;

	if (period != NULL)
		bound = end ? period->notAfter : period->notBefore;
	if (bound != NULL)
		seconds = profile_seconds(bound);
	PKEY_USAGE_PERIOD_free(period);
	return seconds;
}

int64_t profile_not_before(X509 *certificate)
{
	return profile_seconds(X509_get0_notBefore(certificate));
}

int64_t profile_sign_until(enum profile profile, X509 *certificate)
{
	int64_t until = profile_seconds(X509_get0_notAfter(certificate));
	int64_t key_end = profile_key_usage_bound(certificate, true, until);
	int64_t csbr_end =
		profile_add_months(profile_not_before(certificate), PROFILE_CSBR_KEY_MONTHS);

	if (key_end < until)
		until = key_end;
	if (profile == PROFILE_CSBR && csbr_end < until)
		until = csbr_end;
	return until;
}
