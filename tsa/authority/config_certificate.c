/* A TSU's certificate file: PEM, the TSU's own certificate first, then its intermediates. */
#include "tsa/authority/config_part.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "tsa/token/build.h"
#include "tsa/tsp/tstinfo.h"

enum { MAX_CERTIFICATE_FILE = 262144 };

/* Takes one PEM block; the first is the leaf. */
static bool add_block(struct config_tsu *tsu, struct config_certificate *certificate,
	const char *name, struct bytes der, struct err *err)
{
	const uint8_t *at = der.at;
	X509 *x509 = NULL;
	bool ok = false;

	if (strcmp(name, PEM_STRING_X509) != 0)
		return err_set(err, "holds a \"%.60s\": only certificates belong there", name);
	if (der.len <= MSG_MAX_CERTIFICATE)
		x509 = d2i_X509(NULL, &at, (long)der.len);
	if (x509 == NULL || at != der.at + der.len) {
		err_openssl(err, "RFC 5280 4.1: not a certificate of at most %d bytes",
			MSG_MAX_CERTIFICATE);
		goto out;
	}
	if (certificate->has_root) {
		err_set(err, "T-11: nothing follows a self-signed certificate, the root");
		goto out;
	}
	certificate->has_root = certificate->leaf != NULL && X509_self_signed(x509, 0) == 1;
	if (certificate->leaf == NULL) {
		buf_append(&tsu->certificate, der);
		certificate->leaf = x509;
		x509 = NULL;
	} else if (certificate->has_root && !tsu->include_root) {
		ok = true; /* a warning says so */
		goto out;
	} else if (sk_X509_push(certificate->chain, x509) > 0) {
		buf_append(&tsu->chain, der);
		x509 = NULL;
	} else {
		err_openssl(err, "chain");
		goto out;
	}
	ok = true;
out:
	X509_free(x509);
	return ok;
}

static bool read_blocks(struct config_tsu *tsu, struct config_certificate *certificate,
	struct bytes text, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
	char *name = NULL;
	char *header = NULL;
	uint8_t *der = NULL;
	long len = 0;
	bool ok = false;

	certificate->chain = sk_X509_new_null();
	ok = bio != NULL && certificate->chain != NULL;
	if (!ok)
		err_openssl(err, "memory");
	/* Each turn takes a block out of text, so this ends. */
	while (ok && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		ok = add_block(tsu, certificate, name, (struct bytes){ der, (size_t)len }, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		ok = err_openssl(err, "RFC 7468: not PEM");
	ERR_clear_error();
	BIO_free(bio);
	if (ok && certificate->leaf == NULL)
		ok = err_set(err, "RFC 7468: holds no certificate in PEM");
	return ok;
}

/* PEM again, from the DER: what else the file holds (texts, comments) is not passed on. */
static bool write_pem(
	struct config_tsu *tsu, const struct config_certificate *certificate, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	bool ok = bio != NULL && PEM_write_bio_X509(bio, certificate->leaf) == 1;

	for (int i = 0; ok && i < sk_X509_num(certificate->chain); i++)
		ok = PEM_write_bio_X509(bio, sk_X509_value(certificate->chain, i)) == 1;
	if (ok)
		len = BIO_get_mem_data(bio, &text);
	if (!ok)
		err_openssl(err, "PEM");
	else if (len > MSG_MAX_PEM)
		ok = err_set(err, "certificates: %ld bytes as PEM, at most %d are supported", len,
			MSG_MAX_PEM);
	else
		buf_append(&tsu->pem, (struct bytes){ (const uint8_t *)text, (size_t)len });
	BIO_free(bio);
	return ok;
}

/* P-21: a token that names its TSU does so with a name that is there and fits. */
static bool check_tsa_name(
	const struct config_tsu *tsu, const struct token_parts *parts, struct err *err)
{
	enum { EMPTY = 4 }; /* bytes of a GeneralName around an empty Name */
	size_t len = token_parts_tsa_name(parts).len;

	if (!tsu->tsa_name)
		return true;
	if (len <= EMPTY)
		return err_set(err, "P-21: its subject is empty: tsa_name = no leaves it out");
	return len <= TSP_MAX_TSA_NAME ||
	       err_set(err,
		       "P-21: its subject has %zu bytes as tsa, a token has room for %d: "
		       "tsa_name = no leaves it out",
		       len, (int)TSP_MAX_TSA_NAME);
}

/* What the token's builder says to them, and whether the leaf comes first in tokens (R36). */
static bool try_parts(struct config_job *job, const struct config_tsu *tsu, struct err *err)
{
	struct token_parts *parts = token_parts_new(
		buf_view(&tsu->certificate), buf_view(&tsu->chain), tsu->digest, tsu->options, err);

	if (parts == NULL)
		return false;
	if (!check_tsa_name(tsu, parts, err)) {
		token_parts_free(parts);
		return false;
	}
	if (!token_parts_leaf_first(parts))
		config_report(job, true, tsu->name, "certificate",
			"R36: in DER order an intermediate, which is shorter, comes before the TSU's own "
			"certificate: clients that take the first one fail");
	token_parts_free(parts);
	return true;
}

static void warn_of_root(struct config_job *job, const struct config_tsu *tsu)
{
	config_report(job, true, tsu->name, "certificate",
		"T-11: %s: ends with a self-signed certificate, which tokens leave out unless "
		"include_root = yes",
		tsu->certificate_file);
}

static bool fill(struct config_job *job, size_t index, struct bytes text, struct err *err)
{
	struct config_certificate *certificate = &job->certificates[index];
	struct config_tsu *tsu = &job->config->tsus[index];
	enum profile profile = job->config->endpoints[tsu->endpoint].profile;

	if (!read_blocks(tsu, certificate, text, err) || !write_pem(tsu, certificate, err))
		return false;
	(void)SHA256(tsu->certificate.at, tsu->certificate.len, tsu->cert_sha256);
	(void)SHA256(tsu->chain.at, tsu->chain.len, tsu->chain_sha256);
	tsu->digest = profile_token_digest(certificate->leaf);
	tsu->not_before = profile_not_before(certificate->leaf);
	tsu->sign_until = profile_sign_until(profile, certificate->leaf);
	if (certificate->has_root && !tsu->include_root)
		warn_of_root(job, tsu);
	return try_parts(job, tsu, err);
}

void config_certificate_read(struct config_job *job, size_t tsu)
{
	const struct config_tsu *settings = &job->config->tsus[tsu];
	struct buf text = { 0 };
	struct err err = { 0 };

	if (settings->certificate_file[0] == '\0')
		return; /* reported as missing */
	if (!config_file_read(settings->certificate_file, MAX_CERTIFICATE_FILE, &text, &err))
		config_report(job, false, settings->name, "certificate", "%s", err.text);
	else if (!fill(job, tsu, buf_view(&text), &err))
		config_report(job, false, settings->name, "certificate", "%s: %s",
			settings->certificate_file, err.text);
	buf_free(&text);
}
