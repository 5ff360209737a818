/* Files of the evidence folder and their entries in the index. */
#include "evidence_part.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "text.h"
#include "tsa/core/hex.h"
#include "tsa/token/build.h"

static void format_time(const struct tm *tm, char out[EVIDENCE_TIME])
{
	if (strftime(out, EVIDENCE_TIME, "%Y-%m-%dT%H:%M:%SZ", tm) == 0)
		out[0] = '\0';
}

void store_now(char out[EVIDENCE_TIME])
{
	time_t now = time(NULL);
	struct tm tm;

	format_time(gmtime_r(&now, &tm), out);
}

void store_time(const ASN1_TIME *time, char out[EVIDENCE_TIME])
{
	struct tm tm;

	out[0] = '\0';
	if (time != NULL && ASN1_TIME_to_tm(time, &tm) == 1)
		format_time(&tm, out);
}

bool store_put(const struct evidence *evidence, const char *kind, const char *ending,
	struct bytes content, char hash[EVIDENCE_HASH], struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char path[PATH_MAX];
	int n;

	if (EVP_Digest(content.at, content.len, digest, &len, EVP_sha256(), NULL) != 1)
		return err_openssl(err, "sha256");
	hex_encode((struct bytes){ digest, len }, hash);
	n = snprintf(path, sizeof(path), "%s/%s", evidence->folder, kind);
	if (n < 0 || (size_t)n + EVIDENCE_HASH + 8 > sizeof(path))
		return err_set(err, "%.200s: path is too long", evidence->folder);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return err_sys(err, "%.200s", path);
	(void)snprintf(path + n, sizeof(path) - (size_t)n, "/%s.%s", hash, ending);
	/* Named by its content and written whole: what has the name is it. */
	if (access(path, F_OK) == 0)
		return true;
	return output_write(path, content, false, err) || err_while(err, "%.300s", path);
}

static json_t *name_of(const X509_NAME *name)
{
	BIO *out = BIO_new(BIO_s_mem());
	json_t *text = NULL;
	char *at = NULL;
	long len;

	/* UTF-8 as it is, what could end a line escaped */
	if (out != NULL &&
		X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(out, &at);
		text = json_stringn(at, (size_t)len);
	}
	BIO_free(out);
	return text != NULL ? text : json_string("");
}

/* entry is taken; one that is there stays as it was first. */
static bool note(struct evidence *evidence, const char *table, const char *hash, json_t *entry,
	struct err *err)
{
	json_t *entries = json_object_get(evidence->index, table);

	if (json_object_get(entries, hash) != NULL) {
		json_decref(entry);
		return true;
	}
	return json_object_set_new(entries, hash, entry) == 0 ||
	       err_set(err, "index: %s: out of memory", table);
}

bool store_certificate(struct evidence *evidence, X509 *certificate, const char *from,
	char hash[EVIDENCE_HASH], struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	char since[EVIDENCE_TIME], until[EVIDENCE_TIME];
	bool ok;

	if (len <= 0)
		return err_openssl(err, "certificate");
	ok = store_put(
		evidence, "certificates", "cer", (struct bytes){ der, (size_t)len }, hash, err);
	OPENSSL_free(der);
	store_time(X509_get0_notBefore(certificate), since);
	store_time(X509_get0_notAfter(certificate), until);
	return ok && note(evidence, "certificates", hash,
			     json_pack("{s:o, s:o, s:s, s:s, s:o, s:s}", "subject",
				     name_of(X509_get_subject_name(certificate)), "issuer",
				     name_of(X509_get_issuer_name(certificate)), "not_before",
				     since, "not_after", until, "from", text_json(from),
				     "collected", evidence->now),
			     err);
}

bool store_crl(struct evidence *evidence, X509_CRL *crl, const char *from, char hash[EVIDENCE_HASH],
	struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	char since[EVIDENCE_TIME], until[EVIDENCE_TIME];
	bool ok;

	if (len <= 0)
		return err_openssl(err, "CRL");
	ok = store_put(evidence, "crls", "crl", (struct bytes){ der, (size_t)len }, hash, err);
	OPENSSL_free(der);
	store_time(X509_CRL_get0_lastUpdate(crl), since);
	store_time(X509_CRL_get0_nextUpdate(crl), until);
	return ok && note(evidence, "crls", hash,
			     json_pack("{s:o, s:s, s:s, s:o, s:s}", "issuer",
				     name_of(X509_CRL_get_issuer(crl)), "this_update", since,
				     "next_update", until, "from", text_json(from), "collected",
				     evidence->now),
			     err);
}
