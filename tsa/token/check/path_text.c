/* Owns nothing: times and names of certificates for people. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "path_part.h"

enum {
	MOST_NAME = 180, /* octets shown of an issuer's name: key identifier and URL stand behind */
	MOST_KEY_IDENTIFIER = 32, /* octets of one */
};

static bool seconds_of(const ASN1_TIME *time, int64_t *seconds)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*seconds = timegm(&tm);
	return true;
}

int64_t path_not_before(const struct material_item *certificate)
{
	int64_t seconds;

	return seconds_of(X509_get0_notBefore(certificate->certificate), &seconds) ? seconds
										   : INT64_MAX;
}

int64_t path_not_after(const struct material_item *certificate)
{
	int64_t seconds;

	return seconds_of(X509_get0_notAfter(certificate->certificate), &seconds) ? seconds
										  : INT64_MIN;
}

void path_name(const X509_NAME *name, size_t most, char out[VERDICT_TEXT])
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;

	if (bio == NULL)
		abort();
	/* RFC 4514; UTF-8 stays what it is, control characters are escaped. */
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
		(void)BIO_puts(bio, "(a name that cannot be shown)");
	if (BIO_write(bio, "", 1) != 1)
		abort();
	(void)BIO_get_mem_data(bio, &text);
	if (text[0] == '\0')
		text = "(empty name)";
	(void)snprintf(out, VERDICT_TEXT, "%.*s%s", (int)text_fitting(text, most), text,
		strlen(text) > most ? "..." : "");
	BIO_free(bio);
	ERR_clear_error();
}

void path_subject(const struct material_item *certificate, char out[VERDICT_TEXT])
{
	path_name(X509_get_subject_name(certificate->certificate), VERDICT_TEXT - 4, out);
}

/* Appends; text that is not printable ASCII is not shown as it is. */
static void append(char out[VERDICT_TEXT], const char *before, const uint8_t *text, size_t len)
{
	size_t at = strlen(out);

	at += (size_t)snprintf(out + at, VERDICT_TEXT - at, "%s", before);
	for (size_t i = 0; i < len && at + 1 < VERDICT_TEXT; i++)
		out[at++] = text[i] > 0x20 && text[i] < 0x7f ? (char)text[i] : '?';
	out[at < VERDICT_TEXT ? at : VERDICT_TEXT - 1] = '\0';
}

static void append_key_identifier(char out[VERDICT_TEXT], const ASN1_OCTET_STRING *id)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hex[2 * MOST_KEY_IDENTIFIER] = { 0 };
	size_t len = (size_t)ASN1_STRING_length(id);

	len = len < MOST_KEY_IDENTIFIER ? len : MOST_KEY_IDENTIFIER;
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = ASN1_STRING_get0_data(id)[i];

		hex[2 * i] = (uint8_t)digits[octet >> 4];
		hex[2 * i + 1] = (uint8_t)digits[octet & 0xf];
	}
	append(out, " (key identifier ", hex, 2 * len);
	append(out, ")", NULL, 0);
}

/* RFC 5280 4.2.2.1: the first caIssuers that is a URI. */
static void append_where(char out[VERDICT_TEXT], X509 *certificate)
{
	AUTHORITY_INFO_ACCESS *all = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(all); i++) {
		const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(all, i);
		const ASN1_IA5STRING *uri = one->location->d.uniformResourceIdentifier;

		if (OBJ_obj2nid(one->method) != NID_ad_ca_issuers || one->location->type != GEN_URI)
			continue;
		append(out, ", offered at ", ASN1_STRING_get0_data(uri),
			(size_t)ASN1_STRING_length(uri));
		break;
	}
	AUTHORITY_INFO_ACCESS_free(all);
}

void path_missing_issuer(const struct material_item *certificate, char out[VERDICT_TEXT])
{
	const ASN1_OCTET_STRING *id = X509_get0_authority_key_id(certificate->certificate);

	path_name(X509_get_issuer_name(certificate->certificate), MOST_NAME, out);
	if (id != NULL)
		append_key_identifier(out, id);
	append_where(out, certificate->certificate);
	ERR_clear_error();
}
