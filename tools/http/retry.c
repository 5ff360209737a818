/* Owns nothing. */
#include "tools/http/retry.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { ENOUGH_S = 100000000 }; /* more is as good */

static bool take_seconds(const char *value, int64_t *wait_s)
{
	size_t digits = strspn(value, "0123456789");

	if (digits == 0 || value[digits] != '\0')
		return false;
	*wait_s = 0;
	for (size_t i = 0; i < digits && *wait_s < ENOUGH_S; i++)
		*wait_s = *wait_s * 10 + (value[i] - '0');
	return true;
}

/* RFC 9110 5.6.7: the form to send, and the two that must still be understood. */
static bool take_date(const char *value, int64_t *when)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%a, %d-%b-%y %H:%M:%S GMT", /* strptime takes full names of days for %a as well */
		"%a %b %e %H:%M:%S %Y",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(value, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*when = timegm(&tm);
			return true;
		}
	}
	return false;
}

bool http_retry_after(const char *value, int64_t now, int64_t *wait_s)
{
	int64_t when;

	if (take_seconds(value, wait_s))
		return true;
	if (!take_date(value, &when))
		return false;
	*wait_s = when > now ? when - now : 0;
	return true;
}

bool http_status_is_passing(int status)
{
	switch (status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}

unsigned http_backoff_ms(unsigned tried, uint32_t random)
{
	unsigned ms = HTTP_FIRST_BACKOFF_MS;

	while (tried > 1 && ms < HTTP_MAX_BACKOFF_MS) {
		ms *= 2;
		tried--;
	}
	if (ms > HTTP_MAX_BACKOFF_MS)
		ms = HTTP_MAX_BACKOFF_MS;
	return ms - (unsigned)((uint64_t)random * (ms / 2) >> 32);
}
