/* Owns nothing: single values of the report as JSON. */
#include "report_part.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

void report_time(int64_t seconds, char out[REPORT_TIME])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900 ||
		strftime(out, REPORT_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)strcpy(out, "unknown");
}

json_t *report_json_time(int64_t seconds)
{
	char text[REPORT_TIME];

	if (seconds == INT64_MAX || seconds == INT64_MIN)
		return json_null();
	report_time(seconds, text);
	return json_string(text);
}

json_t *report_json_name(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *at = NULL;
	json_t *text;
	long len;

	if (bio == NULL)
		abort();
	(void)X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(bio, &at);
	text = text_json((struct bytes){ (const uint8_t *)at, len > 0 ? (size_t)len : 0 });
	BIO_free(bio);
	return text;
}

json_t *report_json_hash(const uint8_t sha256[MATERIAL_HASH])
{
	return text_hex((struct bytes){ sha256, MATERIAL_HASH });
}

json_t *report_json_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : text_json(bytes_of_text(text));
}
