/* Owns nothing that outlives a call. */
#include "pem.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "tsa/token/build.h"

enum { MAX_CERTIFICATES = 1000 };

/* False if the PEM breaks off; "no start line" is how its end looks. */
static bool read_all(BIO *in, STACK_OF(X509) * all)
{
	X509 *certificate;
	unsigned long last;

	while (sk_X509_num(all) < MAX_CERTIFICATES &&
		(certificate = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(all, certificate) == 0) {
			X509_free(certificate);
			return false;
		}
	}
	last = ERR_peek_last_error();
	if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return sk_X509_num(all) > 0;
}

STACK_OF(X509) * pem_read_certificates(const char *path, struct err *err)
{
	BIO *in = BIO_new_file(path, "r");
	STACK_OF(X509) *all = sk_X509_new_null();

	if (in == NULL || all == NULL) {
		err_openssl(err, "%.200s: cannot be read", path);
	} else if (read_all(in, all)) {
		BIO_free(in);
		return all;
	} else {
		ERR_clear_error();
		err_set(err, "%.200s: must hold certificates in PEM: does not", path);
	}
	BIO_free(in);
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

X509_STORE *pem_read_anchors(const char *path, struct err *err)
{
	STACK_OF(X509) *all = pem_read_certificates(path, err);
	X509_STORE *store = all == NULL ? NULL : X509_STORE_new();
	bool ok = store != NULL;

	for (int i = 0; ok && i < sk_X509_num(all); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1;
	if (all != NULL && !ok) {
		err_openssl(err, "%.200s", path);
		X509_STORE_free(store);
		store = NULL;
	}
	sk_X509_pop_free(all, X509_free);
	return store;
}

static STACK_OF(X509) * of_pkcs7(struct bytes document)
{
	const uint8_t *at = document.at;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)document.len);
	STACK_OF(X509) *all = NULL;

	if (p7 != NULL && at == document.at + document.len && PKCS7_type_is_signed(p7) &&
		p7->d.sign != NULL && sk_X509_num(p7->d.sign->cert) > 0)
		all = X509_chain_up_ref(p7->d.sign->cert);
	PKCS7_free(p7);
	return all;
}

static STACK_OF(X509) * of_pem(struct bytes document)
{
	BIO *in = BIO_new_mem_buf(document.at, (int)document.len);
	STACK_OF(X509) *all = sk_X509_new_null();
	bool ok = in != NULL && all != NULL && read_all(in, all);

	BIO_free(in);
	if (ok)
		return all;
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

STACK_OF(X509) * pem_certificates_of(struct bytes document)
{
	const uint8_t *at = document.at;
	STACK_OF(X509) *all = NULL;
	X509 *one;

	if (document.len == 0 || document.len > INT_MAX)
		return NULL;
	one = d2i_X509(NULL, &at, (long)document.len);
	if (one != NULL && at == document.at + document.len) {
		all = sk_X509_new_null();
		if (all != NULL && sk_X509_push(all, one) > 0)
			one = NULL;
	}
	X509_free(one);
	if (all == NULL)
		all = of_pkcs7(document);
	if (all == NULL)
		all = of_pem(document);
	ERR_clear_error();
	return all;
}

X509_CRL *pem_crl_of(struct bytes document)
{
	const uint8_t *at = document.at;
	X509_CRL *crl;
	BIO *in;

	if (document.len == 0 || document.len > INT_MAX)
		return NULL;
	crl = d2i_X509_CRL(NULL, &at, (long)document.len);
	if (crl != NULL && at != document.at + document.len) {
		X509_CRL_free(crl);
		crl = NULL;
	}
	if (crl == NULL && (in = BIO_new_mem_buf(document.at, (int)document.len)) != NULL) {
		crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
		BIO_free(in);
	}
	ERR_clear_error();
	return crl;
}

void pem_decode(struct buf *content)
{
	static const char begin[] = "-----BEGIN ";
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	BIO *in;

	if (content->len < sizeof(begin) || memcmp(content->at, begin, sizeof(begin) - 1) != 0)
		return;
	in = BIO_new_mem_buf(content->at, (int)content->len);
	if (in != NULL && PEM_read_bio(in, &name, &header, &data, &len) == 1 && len >= 0) {
		content->len = 0;
		buf_append(content, (struct bytes){ data, (size_t)len });
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	BIO_free(in);
	ERR_clear_error();
}
