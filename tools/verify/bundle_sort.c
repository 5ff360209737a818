/* What the octets of a file are.  Owns nothing. */
#include "bundle_part.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tools/pem/pem.h"
#include "tsa/token/read/token_file.h"

enum { MAX_PEM_BLOCKS = 4096 };

static bool is_certificate(struct bytes der)
{
	const uint8_t *at = der.at;
	X509 *one = d2i_X509(NULL, &at, (long)der.len);
	bool is = one != NULL && at == der.at + der.len;

	X509_free(one);
	return is;
}

static bool is_crl(struct bytes der)
{
	const uint8_t *at = der.at;
	X509_CRL *one = d2i_X509_CRL(NULL, &at, (long)der.len);
	bool is = one != NULL && at == der.at + der.len;

	X509_CRL_free(one);
	return is;
}

/* OCSPResponse, or the BasicOCSPResponse that signatures carry. */
static bool is_ocsp(struct bytes der)
{
	const uint8_t *at = der.at;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	bool is = response != NULL && at == der.at + der.len;
	OCSP_BASICRESP *basic;

	OCSP_RESPONSE_free(response);
	if (is)
		return true;
	at = der.at;
	basic = d2i_OCSP_BASICRESP(NULL, &at, (long)der.len);
	is = basic != NULL && at == der.at + der.len;
	OCSP_BASICRESP_free(basic);
	return is;
}

static bool is_token(struct bytes ber)
{
	struct token_file file;
	bool is;

	if (ber.len > BER_MAX_INPUT)
		return false;
	token_file_read(ber, &file);
	is = file.kind == TOKEN_BARE || (file.kind == TOKEN_RESPONSE && file.reply.token != NULL);
	token_file_wipe(&file);
	return is;
}

/* SEQUENCE { INTEGER 1, SEQUENCE ...: nothing else here begins so. */
static bool is_record(struct bytes der)
{
	const uint8_t *at = der.at;
	size_t header = 2;

	if (der.len > 2 && (at[1] & 0x80) != 0)
		header += at[1] & 0x7f;
	return header + 4 <= der.len && at[0] == 0x30 &&
	       memcmp(at + header, "\x02\x01\x01\x30", 4) == 0;
}

/* PKCS #7 with nothing but certificates. */
static bool put_certificates(
	struct bundle *bundle, const char *name, struct bytes ber, bool *is, struct err *err)
{
	STACK_OF(X509) *all = pem_certificates_of(ber);
	bool ok = true;

	*is = sk_X509_num(all) > 0;
	for (int i = 0; ok && i < sk_X509_num(all); i++) {
		unsigned char *der = NULL;
		int len = i2d_X509(sk_X509_value(all, i), &der);

		if (len > 0)
			ok = bundle_put(bundle, BUNDLE_CERTIFICATE, name,
				(struct bytes){ der, (size_t)len }, err);
		OPENSSL_free(der);
	}
	sk_X509_pop_free(all, X509_free);
	return ok;
}

static bool sort_one(
	struct bundle *bundle, const char *name, struct bytes ber, bool *is, struct err *err)
{
	static const struct {
		enum bundle_kind kind;
		bool (*check)(struct bytes);
	} kinds[] = {
		{ BUNDLE_RECORD, is_record },
		{ BUNDLE_CERTIFICATE, is_certificate },
		{ BUNDLE_CRL, is_crl },
		{ BUNDLE_OCSP, is_ocsp },
		{ BUNDLE_TOKEN, is_token },
	};

	*is = false;
	if (ber.len == 0 || ber.len > INT_MAX || ber.at[0] != 0x30)
		return true;
	*is = true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].check(ber))
			return bundle_put(bundle, kinds[i].kind, name, ber, err);
	return put_certificates(bundle, name, ber, is, err);
}

static bool sort_pem(
	struct bundle *bundle, const char *name, struct bytes text, bool *is, struct err *err)
{
	BIO *in = BIO_new_mem_buf(text.at, (int)text.len);
	bool ok = true;

	if (in == NULL)
		abort();
	for (unsigned i = 0; ok && i < MAX_PEM_BLOCKS; i++) {
		char *label = NULL, *header = NULL;
		unsigned char *data = NULL;
		long len = 0;
		bool known = false;

		if (PEM_read_bio(in, &label, &header, &data, &len) != 1)
			break;
		if (len > 0)
			ok = sort_one(
				bundle, name, (struct bytes){ data, (size_t)len }, &known, err);
		*is = *is || known;
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, len > 0 ? (size_t)len : 0);
	}
	BIO_free(in);
	return ok;
}

bool bundle_sort(struct bundle *bundle, const char *name, struct bytes octets, struct err *err)
{
	static const char begin[] = "-----BEGIN ";
	bool is = false;
	bool ok = sort_one(bundle, name, octets, &is, err);

	if (ok && !is && octets.len > 0 && octets.len <= INT_MAX &&
		memmem(octets.at, octets.len, begin, sizeof(begin) - 1) != NULL)
		ok = sort_pem(bundle, name, octets, &is, err);
	if (ok && !is)
		bundle->others++;
	ERR_clear_error();
	return ok;
}
