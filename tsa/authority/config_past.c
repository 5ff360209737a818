/*
 * `past': certificates of TSUs that sign no more, for those who verify their tokens (R21).  PEM,
 * each TSU's own certificate followed by its issuers'.
 */
#include "tsa/authority/config_part.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "tsa/token/build.h"

/* One pass over the file. */
struct past_job {
	struct config *config;
	X509 *last; /* what the next one may be the issuer of; owned */
	unsigned number; /* of the certificate in the file, from 1 */
};

static bool is_tsu(X509 *x509)
{
	return X509_check_ca(x509) == 0;
}

/* Expired is fine: that is what it is here for. */
static bool check_tsu(const struct past_job *job, X509 *x509, struct err *err)
{
	if ((X509_get_extension_flags(x509) & EXFLAG_XKUSAGE) == 0 ||
		(X509_get_extended_key_usage(x509) & XKU_TIMESTAMP) == 0)
		return err_set(err, "P-05: extendedKeyUsage of a TSU holds timeStamping");
	if (job->config->past_count == CONFIG_MAX_PAST)
		return err_set(err, "more than %d TSUs", CONFIG_MAX_PAST);
	return true;
}

static bool check_issuer(const struct past_job *job, X509 *x509, struct err *err)
{
	if (job->last == NULL)
		return err_set(err, "is an authority's: the first one is a TSU's");
	if (X509_check_issued(x509, job->last) != X509_V_OK)
		return err_set(err, "T-11: did not issue the one before it");
	return true;
}

/* The PEM is made again from the DER: what else the file holds is not passed on. */
static bool append_pem(struct buf *pem, X509 *x509, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;
	bool ok = bio != NULL && PEM_write_bio_X509(bio, x509) == 1;

	if (ok) {
		len = BIO_get_mem_data(bio, &text);
		buf_append(pem, (struct bytes){ (const uint8_t *)text, (size_t)len });
	} else {
		err_openssl(err, "PEM");
	}
	BIO_free(bio);
	return ok;
}

static struct config_past *new_past(struct config *config, struct bytes der)
{
	struct config_past *past = &config->past[config->past_count++];

	buf_append(&past->certificate, der);
	(void)SHA256(der.at, der.len, past->cert_sha256);
	return past;
}

/* Takes x509 over. */
static bool add_certificate(struct past_job *job, struct bytes der, X509 *x509, struct err *err)
{
	struct config *config = job->config;
	bool ok = is_tsu(x509) ? check_tsu(job, x509, err) : check_issuer(job, x509, err);
	struct config_past *past;

	if (ok) {
		past = is_tsu(x509) ? new_past(config, der) : &config->past[config->past_count - 1];
		ok = append_pem(&past->pem, x509, err);
	}
	X509_free(job->last);
	job->last = x509;
	return ok;
}

static bool add_block(struct past_job *job, const char *name, struct bytes der, struct err *err)
{
	const uint8_t *at = der.at;
	X509 *x509 = NULL;

	if (strcmp(name, PEM_STRING_X509) != 0)
		return err_set(err, "is a \"%.60s\": only certificates belong there", name);
	if (der.len <= MSG_MAX_CERTIFICATE)
		x509 = d2i_X509(NULL, &at, (long)der.len);
	if (x509 != NULL && at == der.at + der.len)
		return add_certificate(job, der, x509, err);
	X509_free(x509);
	return err_openssl(
		err, "RFC 5280 4.1: not a certificate of at most %d bytes", MSG_MAX_CERTIFICATE);
}

static bool read_blocks(struct past_job *job, struct bytes text, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
	char *name = NULL;
	char *header = NULL;
	uint8_t *der = NULL;
	long len = 0;
	bool ok = bio != NULL;

	if (!ok)
		err_openssl(err, "memory");
	/* Each turn takes a block out of text, so this ends. */
	while (ok && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		job->number++;
		ok = add_block(job, name, (struct bytes){ der, (size_t)len }, err) ||
		     err_while(err, "block %u", job->number);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		ok = err_openssl(err, "RFC 7468: not PEM");
	ERR_clear_error();
	BIO_free(bio);
	if (ok && job->number == 0)
		ok = err_set(err, "RFC 7468: holds no certificate in PEM");
	return ok;
}

/* A certificate is listed once: what is past is in no list of TSUs any more. */
static bool check_twice(const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->past_count; i++) {
		const struct bytes der = buf_view(&config->past[i].certificate);

		for (size_t k = 0; k < config->tsu_count; k++)
			if (bytes_equal(der, buf_view(&config->tsus[k].certificate)))
				return err_set(err, "TSU %zu: is [%s], which is still in a list",
					i + 1, config->tsus[k].name);
		for (size_t k = 0; k < i; k++)
			if (bytes_equal(der, buf_view(&config->past[k].certificate)))
				return err_set(err, "TSU %zu: is there twice", i + 1);
	}
	return true;
}

void config_past_read(struct config_job *job)
{
	struct config *config = job->config;
	struct past_job past = { .config = config };
	struct buf text = { 0 };
	struct err err = { 0 };

	if (config->past_file[0] == '\0')
		return;
	config->past = must_calloc(CONFIG_MAX_PAST, sizeof(*config->past));
	if (!config_file_read(config->past_file, CONFIG_MAX_PEM, &text, &err))
		config_report(job, false, "tsad", "past", "%s", err.text);
	else if (!read_blocks(&past, buf_view(&text), &err) || !check_twice(config, &err))
		config_report(job, false, "tsad", "past", "%s: %s", config->past_file, err.text);
	X509_free(past.last);
	buf_free(&text);
}

void config_past_free(struct config *config)
{
	for (size_t i = 0; i < config->past_count; i++) {
		buf_free(&config->past[i].certificate);
		buf_free(&config->past[i].pem);
	}
	free(config->past);
}
