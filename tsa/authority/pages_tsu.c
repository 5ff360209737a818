/* "/tsu": every certificate of a TSU with what it is for and when, as JSON. */
#include "tsa/authority/pages_part.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/x509.h>

#include "tsa/authority/units.h"
#include "tsa/core/hex.h"
#include "tsa/core/log.h"

/* Takes value; running out of memory is the only way to fail, as names and values are UTF-8. */
static void put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		BUG("json: %s does not go in", name);
}

/* Seconds since 1970 as RFC 3339; null for none. */
static json_t *time_text(int64_t seconds)
{
	const time_t t = (time_t)seconds;
	struct tm utc;
	char text[40];

	if (seconds <= 0 || gmtime_r(&t, &utc) == NULL)
		return json_null();
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm utc = { 0 };

	return ASN1_TIME_to_tm(time, &utc) == 1 ? (int64_t)timegm(&utc) : 0;
}

/* RFC 2253; ESC_MSB left out, so that it is UTF-8 as it stands. */
static json_t *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *text = NULL;
	char *at = NULL;
	long len;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0,
				   (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)) >= 0) {
		len = BIO_get_mem_data(bio, &at);
		text = json_stringn(at, (size_t)len);
	}
	BIO_free(bio);
	return text == NULL ? json_null() : text;
}

static json_t *serial_text(const ASN1_INTEGER *serial)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *hex = number == NULL ? NULL : BN_bn2hex(number);
	json_t *text = hex == NULL ? json_null() : json_string(hex);

	OPENSSL_free(hex);
	BN_free(number);
	return text;
}

/* What the certificate itself says. */
static void put_certificate(
	json_t *unit, struct bytes der, const uint8_t sha256[MSG_HASH], struct bytes pem)
{
	const uint8_t *at = der.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	char hex[2 * MSG_HASH + 1];

	hex_encode((struct bytes){ sha256, MSG_HASH }, hex);
	if (x509 != NULL) {
		put(unit, "subject", name_text(X509_get_subject_name(x509)));
		put(unit, "issuer", name_text(X509_get_issuer_name(x509)));
		put(unit, "serial", serial_text(X509_get0_serialNumber(x509)));
		put(unit, "not_before", time_text(seconds_of(X509_get0_notBefore(x509))));
		put(unit, "not_after", time_text(seconds_of(X509_get0_notAfter(x509))));
	}
	put(unit, "sha256", json_string(hex));
	put(unit, "pem", json_stringn(pem.len == 0 ? "" : (const char *)pem.at, pem.len));
	X509_free(x509);
}

/* Digests of messages that it answers. */
static json_t *imprints_of(const struct config *config, size_t tsu)
{
	const struct config_endpoint *endpoint = &config->endpoints[config->tsus[tsu].endpoint];
	json_t *names = json_array();

	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		const struct config_list *list = config_list_of(endpoint, (enum tsp_digest)d);

		if ((endpoint->digests >> d & 1) == 0)
			continue;
		for (size_t i = 0; i < list->count; i++)
			if (list->tsus[i] == tsu)
				(void)json_array_append_new(
					names, json_string(tsp_digest_name((enum tsp_digest)d)));
	}
	return names;
}

static json_t *unit_of(const struct config *config, size_t tsu, int64_t now)
{
	const struct config_tsu *t = &config->tsus[tsu];
	const struct config_endpoint *endpoint = &config->endpoints[t->endpoint];
	json_t *unit = json_object();

	put(unit, "name", json_string(t->name));
	put(unit, "state", json_string(unit_state_name(unit_state(config, tsu, now))));
	put(unit, "endpoint", json_string(endpoint->path));
	put(unit, "purpose", json_string(endpoint->purpose == CONFIG_TEST ? "test" : "release"));
	put(unit, "imprints", imprints_of(config, tsu));
	put(unit, "activate_at", time_text(t->activate_at));
	put(unit, "sign_until", time_text(t->sign_until));
	put_certificate(unit, buf_view(&t->certificate), t->cert_sha256, buf_view(&t->pem));
	return unit;
}

/* Of these only the certificate is known. */
static json_t *past_unit(const struct config_past *past)
{
	json_t *unit = json_object();

	put(unit, "state", json_string(unit_state_name(UNIT_PAST)));
	put_certificate(
		unit, buf_view(&past->certificate), past->cert_sha256, buf_view(&past->pem));
	return unit;
}

void pages_put_tsu_json(const struct config *config, int64_t now, struct buf *out)
{
	json_t *units = json_array();
	json_t *page = json_object();
	char *text;

	for (size_t i = 0; i < config->tsu_count; i++)
		(void)json_array_append_new(units, unit_of(config, i, now));
	for (size_t i = 0; i < config->past_count; i++)
		(void)json_array_append_new(units, past_unit(&config->past[i]));
	put(page, "as_of", time_text(now));
	put(page, "tsus", units);
	text = json_dumps(page, JSON_INDENT(1));
	if (text == NULL)
		BUG("json: the list of TSUs does not print");
	buf_append(out, bytes_of_text(text));
	buf_append(out, bytes_of_text("\n"));
	free(text);
	json_decref(page);
}
