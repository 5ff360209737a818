/*
 * "/api/v1/timestamp/certchain": the chain of the TSU that sigstore's path is answered by now, the
 * root last.  The root is not part of a TSU's certificate file; it is looked for among what is
 * published.
 */
#include "tsa/authority/pages_part.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tsa/authority/units.h"

/* A certificate in DER or, the first one, in PEM; NULL if it is neither. */
static X509 *parse(struct bytes content)
{
	const uint8_t *at = content.at;
	X509 *x509 = d2i_X509(NULL, &at, (long)content.len);
	BIO *bio;

	if (x509 != NULL || content.len == 0)
		return x509;
	bio = BIO_new_mem_buf(content.at, (int)content.len);
	if (bio != NULL)
		x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return x509;
}

/* The last certificate of a chain in PEM; NULL if there is none. */
static X509 *last_of(struct bytes pem)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *last = NULL;
	X509 *next;

	while (bio != NULL && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		X509_free(last);
		last = next;
	}
	BIO_free(bio);
	return last;
}

static bool is_root_of(X509 *root, X509 *last)
{
	EVP_PKEY *key = X509_get0_pubkey(root);

	return key != NULL && X509_self_signed(root, 1) == 1 &&
	       X509_check_issued(root, last) == X509_V_OK && X509_verify(last, key) == 1;
}

/* Only files that by their type can be one: a long list of revoked ones is not looked at. */
static X509 *find_root(const struct config *config, X509 *last)
{
	static const char *const types[] = { "application/pkix-cert", "application/x-pem-file" };

	for (size_t i = 0; i < config->file_count; i++) {
		const struct config_file *file = &config->files[i];
		X509 *x509;

		if (strcmp(file->type, types[0]) != 0 && strcmp(file->type, types[1]) != 0)
			continue;
		x509 = parse(buf_view(&file->content));
		if (x509 != NULL && is_root_of(x509, last))
			return x509;
		X509_free(x509);
	}
	return NULL;
}

static void put_pem(X509 *x509, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (bio != NULL && PEM_write_bio_X509(bio, x509) == 1) {
		len = BIO_get_mem_data(bio, &text);
		buf_append(out, (struct bytes){ (const uint8_t *)text, (size_t)len });
	}
	BIO_free(bio);
}

/* Sigstore's clients send SHA-256 unless told otherwise. */
static size_t signer_of(
	const struct config *config, const struct config_endpoint *endpoint, int64_t now)
{
	for (int d = TSP_SHA256; d < TSP_DIGESTS; d++)
		if ((endpoint->digests >> d & 1) == 1)
			return unit_of_list(
				config, config_list_of(endpoint, (enum tsp_digest)d), now);
	return config->tsu_count;
}

void pages_put_certchain(const struct config *config, int64_t now, struct buf *out)
{
	size_t endpoint = 0;
	size_t tsu = config->tsu_count;
	X509 *last;
	X509 *root = NULL;

	while (endpoint < config->endpoint_count &&
		config->endpoints[endpoint].purpose != CONFIG_RELEASE)
		endpoint++;
	if (endpoint < config->endpoint_count)
		tsu = signer_of(config, &config->endpoints[endpoint], now);
	if (tsu == config->tsu_count)
		return;
	buf_append(out, buf_view(&config->tsus[tsu].pem));
	last = last_of(buf_view(&config->tsus[tsu].pem));
	if (last != NULL && X509_self_signed(last, 0) != 1)
		root = find_root(config, last);
	if (root != NULL)
		put_pem(root, out);
	X509_free(root);
	X509_free(last);
	ERR_clear_error();
}
