/* Rows 10 and 11 of longterm.md 1.1: is it a certificate to sign time-stamps with?  Owns nothing.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "token_part.h"

enum {
	KU_GOOD = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION,
	KU_TOLERATED = KU_KEY_ENCIPHERMENT, /* of real TSUs of ICP-Brasil */
};

static bool fail(struct token_run *run, const char *id, const char *text)
{
	return verdict_fail(
		run->verdict, id, CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "%s", text);
}

/* Row 10 */
static void check_usage(struct token_run *run, X509 *certificate)
{
	uint32_t flags = X509_get_extension_flags(certificate);
	uint32_t usage = X509_get_key_usage(certificate); /* UINT32_MAX: absent */

	if ((flags & EXFLAG_INVALID) != 0)
		(void)fail(run, "V-10",
			"RFC 5280 4.2: the extensions of the signer's certificate decode: one does "
			"not");
	else if ((flags & EXFLAG_CA) != 0)
		(void)fail(run, "V-10",
			"EN 319 422 6.1: the signer is an end entity: its certificate has cA TRUE");
	else if ((flags & EXFLAG_KUSAGE) == 0)
		verdict_line(run->verdict, "V-10", CHECK_PASS,
			"the signer is an end entity; its certificate has no keyUsage");
	else if ((usage & KU_GOOD) == 0)
		(void)fail(run, "V-10",
			"RFC 5280 4.2.1.3: keyUsage has digitalSignature or nonRepudiation: it has "
			"neither");
	else if ((usage & ~(uint32_t)(KU_GOOD | KU_TOLERATED)) != 0)
		(void)fail(run, "V-10",
			"EN 319 422 6.1: keyUsage has digitalSignature, nonRepudiation and nothing "
			"else: it has more");
	else if ((usage & KU_TOLERATED) != 0)
		verdict_line(run->verdict, "V-10", CHECK_WARN,
			"EN 319 422 6.1: keyUsage has digitalSignature, nonRepudiation and nothing "
			"else: it has keyEncipherment");
	else
		verdict_line(run->verdict, "V-10", CHECK_PASS,
			"the signer is an end entity whose key is for signatures");
}

/* True if the extension names time-stamping, and nothing else. */
static bool is_time_stamping_alone(X509_EXTENSION *extension, const char **found)
{
	EXTENDED_KEY_USAGE *usages = X509V3_EXT_d2i(extension);
	bool has = false;
	int count = sk_ASN1_OBJECT_num(usages);

	for (int i = 0; i < count; i++)
		has = has || OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == NID_time_stamp;
	*found = usages == NULL ? "it cannot be read" : has ? "it has more" : "it has not";
	EXTENDED_KEY_USAGE_free(usages);
	ERR_clear_error();
	return has && count == 1;
}

/* Row 11 */
static void check_extended_usage(struct token_run *run, X509 *certificate)
{
	int at = X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1);
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	const char *found;

	if (at < 0) {
		(void)fail(run, "V-11",
			"RFC 3161 2.3: the signer's certificate has extendedKeyUsage: it has not");
	} else if (X509_get_ext_by_NID(certificate, NID_ext_key_usage, at) >= 0) {
		(void)fail(
			run, "V-11", "RFC 3161 2.3: there is one extendedKeyUsage: there are more");
	} else if (!is_time_stamping_alone(extension, &found)) {
		(void)verdict_fail(run->verdict, "V-11", CHECK_FAILED,
			SUB_CHAIN_CONSTRAINTS_FAILURE,
			"RFC 3161 2.3: extendedKeyUsage is id-kp-timeStamping and nothing else: %s",
			found);
	} else if (X509_EXTENSION_get_critical(extension)) {
		verdict_line(run->verdict, "V-11", CHECK_PASS,
			"extendedKeyUsage is critical, and time-stamping alone");
	} else if (run->wants->legacy_eku) {
		verdict_line(run->verdict, "V-11", CHECK_WARN,
			"RFC 3161 2.3: extendedKeyUsage is critical: it is not, which is let pass "
			"as asked for");
	} else {
		(void)fail(run, "V-11", "RFC 3161 2.3: extendedKeyUsage is critical: it is not");
	}
}

void token_rows_usage(struct token_run *run)
{
	if (run->facts->signer == NULL)
		return;
	check_usage(run, run->facts->signer->certificate);
	check_extended_usage(run, run->facts->signer->certificate);
}
