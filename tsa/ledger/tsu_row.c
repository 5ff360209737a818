/* What a TSU's certificate says, as a row of ledger.tsu. */
#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tsa/ledger/tsu_files.h"

static bool time_us(const ASN1_TIME *time, int64_t *us)
{
	struct tm tm = { 0 };

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*us = (int64_t)timegm(&tm) * 1000000;
	return true;
}

static bool append_der(X509 *certificate, struct buf *out)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	if (len > 0)
		buf_append(out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return len > 0;
}

/* The whole SubjectPublicKeyInfo, not only the key's bits as X509_pubkey_digest takes it. */
static bool hash_spki(X509 *certificate, uint8_t out[HASH_LEN])
{
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (len > 0)
		hash_one((struct bytes){ der, (size_t)len }, out);
	OPENSSL_free(der);
	return len > 0;
}

static bool read_times(X509 *certificate, struct tsu_row *row)
{
	PKEY_USAGE_PERIOD *period =
		X509_get_ext_d2i(certificate, NID_private_key_usage_period, NULL, NULL);
	bool ok = time_us(X509_get0_notBefore(certificate), &row->not_before_us) &&
		  time_us(X509_get0_notAfter(certificate), &row->sign_until_us);

	if (ok && period != NULL && period->notAfter != NULL) {
		int64_t end_us;

		ok = time_us(period->notAfter, &end_us);
		if (ok && end_us < row->sign_until_us)
			row->sign_until_us = end_us;
	}
	PKEY_USAGE_PERIOD_free(period);
	return ok;
}

static bool read_leaf(X509 *leaf, struct tsu_row *row)
{
	if (!append_der(leaf, &row->cert_der) || !hash_spki(leaf, row->spki_sha256) ||
		!read_times(leaf, row))
		return false;
	hash_one(buf_view(&row->cert_der), row->cert_sha256);
	row->tsu_id = tsu_id_of(row->cert_sha256);
	return true;
}

bool tsu_row_fill(struct tsu_row *row, struct bytes pem, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *certificate;
	unsigned count = 0;
	bool good = bio != NULL;
	char name[TSU_FILE_NAME];

	while (good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		good = count == 0 ? read_leaf(certificate, row)
				  : append_der(certificate, &row->chain_der);
		count++;
		X509_free(certificate);
	}
	/* The end of the file reads as an error: no more PEM. */
	good = good && count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(bio);
	if (!good)
		return err_set(err, "%s: must hold certificates: number %u does not decode",
			row->file, count);
	hash_one(buf_view(&row->chain_der), row->chain_sha256);
	tsu_file_name(row->cert_sha256, row->chain_sha256, name);
	if (strcmp(name, row->file) != 0)
		return err_set(
			err, "%s: must be named by its content: that is %s", row->file, name);
	return true;
}
