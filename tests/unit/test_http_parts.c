/* URLs and Retry-After of the tools' HTTP client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/http/retry.h"
#include "tools/http/url.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static void takes_urls_apart(void **unused)
{
	static const struct {
		const char *text;
		bool tls;
		bool numeric;
		unsigned port;
		const char *host;
		const char *authority;
		const char *target;
	} good[] = {
		{ "http://tsa.example", false, false, 80, "tsa.example", "tsa.example", "/" },
		{ "HTTP://tsa.example/", false, false, 80, "tsa.example", "tsa.example", "/" },
		{ "https://tsa.example/a/b?c=d&e", true, false, 443, "tsa.example", "tsa.example",
			"/a/b?c=d&e" },
		{ "http://tsa.example?x", false, false, 80, "tsa.example", "tsa.example", "/?x" },
		{ "http://127.0.0.1:3161/", false, true, 3161, "127.0.0.1", "127.0.0.1:3161", "/" },
		{ "https://[::1]:8443/tsa", true, true, 8443, "::1", "[::1]:8443", "/tsa" },
		{ "https://[2001:db8::1]/", true, true, 443, "2001:db8::1", "[2001:db8::1]", "/" },
		{ "https://tsa.example:443/", true, false, 443, "tsa.example", "tsa.example", "/" },
		{ "http://tsa.example:443/", false, false, 443, "tsa.example", "tsa.example:443",
			"/" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct http_url url;
		struct err err = { 0 };

		if (!http_url_parse(good[i].text, &url, &err))
			fail_msg("%s: %s", good[i].text, err.text);
		assert_int_equal(url.tls, good[i].tls);
		assert_int_equal(url.numeric, good[i].numeric);
		assert_int_equal(url.port, good[i].port);
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.authority, good[i].authority);
		assert_string_equal(url.target, good[i].target);
	}
}

static void refuses_what_is_no_url_for_it(void **unused)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "must begin with http" },
		{ "tsa.example", "must begin with http" },
		{ "/path", "must begin with http" },
		{ "ftp://tsa.example/", "must begin with http" },
		{ "ldap://tsa.example/", "must begin with http" },
		{ "http://", "must name a host" },
		{ "http:///path", "must name a host" },
		{ "http://user:secret@tsa.example/", "must have no user" },
		{ "http://tsa.example/#part", "must have no fragment" },
		{ "http://tsa.example:0/", "port" },
		{ "http://tsa.example:65536/", "" },
		{ "http://tsa.example:x/", "must be a URL" },
		{ "http://tsa.example/a b", "must be a URL" },
		{ "http://tsa.example/a\r\nHost: other", "must be a URL" },
		{ "http://tsa.example\nx/", "must be a URL" },
		{ "http://[::1/", "must be a URL" },
		{ "http://[v1.x]/", "must name a host" },
		{ "http://" X100 X100 X100 "/", "must name a host" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_url url;
		struct err err = { 0 };

		if (http_url_parse(bad[i].text, &url, &err))
			fail_msg("accepted: %s", bad[i].text);
		if (strstr(err.text, bad[i].says) == NULL)
			fail_msg("%s: wanted \"%s\": %s", bad[i].text, bad[i].says, err.text);
		assert_null(strstr(err.text, "secret"));
	}
}

static void refuses_a_url_past_the_limits(void **unused)
{
	static const char begin[] = "http://h/";
	char text[HTTP_MAX_URL + 2];
	struct http_url url;
	struct err err = { 0 };

	(void)unused;
	memset(text, 'x', sizeof(text));
	memcpy(text, begin, sizeof(begin) - 1);
	text[HTTP_MAX_URL + 1] = '\0';
	assert_false(http_url_parse(text, &url, &err));
	assert_non_null(strstr(err.text, "at most 2300 characters: has 2301"));
	text[sizeof(begin) - 2 + HTTP_MAX_TARGET + 1] = '\0';
	assert_false(http_url_parse(text, &url, &err));
	assert_non_null(strstr(err.text, "path and query: at most 2000"));
	text[sizeof(begin) - 2 + HTTP_MAX_TARGET] = '\0';
	assert_true(http_url_parse(text, &url, &err));
	assert_int_equal(strlen(url.target), HTTP_MAX_TARGET);
}

enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110 */

static void reads_retry_after(void **unused)
{
	static const struct {
		const char *value;
		int64_t wait;
	} good[] = {
		{ "0", 0 },
		{ "120", 120 },
		{ "999999999", 999999999 },
		{ "99999999999999999999", 999999999 }, /* as much as makes no difference */
		{ "Sun, 06 Nov 1994 08:49:47 GMT", 10 },
		{ "Sunday, 06-Nov-94 08:49:47 GMT", 10 },
		{ "Sun Nov  6 08:49:47 1994", 10 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
		{ "Mon, 07 Nov 1994 08:49:37 GMT", 86400 },
	};
	static const char *const bad[] = { "", " ", "-1", "1.5", "1 s", "soon",
		"Sun, 06 Nov 1994 08:49:47", "Sun, 06 Nov 1994 08:49:47 CET",
		"Sun, 06 Nov 1994 08:49:47 GMT more", "06 Nov 1994" };
	int64_t wait;

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!http_retry_after(good[i].value, NOW, &wait))
			fail_msg("refused: %s", good[i].value);
		assert_int_equal(wait, good[i].wait);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (http_retry_after(bad[i], NOW, &wait))
			fail_msg("accepted: %s", bad[i]);
}

static void backs_off_up_to_a_limit(void **unused)
{
	(void)unused;
	assert_int_equal(http_backoff_ms(1, 0), 500);
	assert_int_equal(http_backoff_ms(2, 0), 1000);
	assert_int_equal(http_backoff_ms(4, 0), 4000);
	assert_int_equal(http_backoff_ms(100, 0), HTTP_MAX_BACKOFF_MS);
	/* chance takes away less than a half */
	assert_in_range(http_backoff_ms(1, UINT32_MAX), 251, 260);
	assert_in_range(http_backoff_ms(1, UINT32_MAX / 2), 370, 380);
}

static void knows_which_statuses_pass(void **unused)
{
	static const int passing[] = { 408, 429, 500, 502, 503, 504 };
	static const int final[] = { 200, 204, 301, 302, 400, 401, 403, 404, 405, 411, 413, 415,
		501, 505 };

	(void)unused;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		assert_true(http_status_is_passing(passing[i]));
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_false(http_status_is_passing(final[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_urls_apart),
		cmocka_unit_test(refuses_what_is_no_url_for_it),
		cmocka_unit_test(refuses_a_url_past_the_limits),
		cmocka_unit_test(reads_retry_after),
		cmocka_unit_test(backs_off_up_to_a_limit),
		cmocka_unit_test(knows_which_statuses_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
