/* Certificates, CRLs and OCSP responses of the command line. */
#include "shared_part.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "input.h"
#include "tools/pem/pem.h"

enum { MAX_BLOCKS = 4096, MAX_OCSP = 1 << 20 };

bool shared_add_certificate(
	struct shared *shared, bool is_anchor, X509 *certificate, const char *name, struct err *err)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);
	struct bytes octets = { der, len > 0 ? (size_t)len : 0 };
	bool ok;

	if (len <= 0)
		abort();
	ok = is_anchor ? material_add_anchor(shared->material, octets, name, err)
		       : shared_add(shared, MATERIAL_CERTIFICATE, octets, name, err);
	OPENSSL_free(der);
	return ok;
}

static bool read_certificates(struct shared *shared, const struct verify_list *files,
	bool is_anchor, const char *option, struct err *err)
{
	for (unsigned i = 0; i < files->count; i++) {
		STACK_OF(X509) *all = input_certificates(files->at[i], err);
		bool ok = all != NULL;

		for (int j = 0; ok && j < sk_X509_num(all); j++)
			ok = shared_add_certificate(
				shared, is_anchor, sk_X509_value(all, j), files->at[i], err);
		sk_X509_pop_free(all, X509_free);
		if (!ok)
			return err_while(err, "--%s %.200s", option, files->at[i]);
	}
	return true;
}

/* Every PEM block of a file; without one the whole is DER. */
static bool read_blocks(struct shared *shared, enum material_kind kind, const char *path,
	struct bytes content, struct err *err)
{
	BIO *in = BIO_new_mem_buf(content.at, (int)content.len);
	bool ok = true;
	unsigned count = 0;

	while (ok && in != NULL) {
		char *label = NULL, *header = NULL;
		unsigned char *der = NULL;
		long len = 0;

		if (PEM_read_bio(in, &label, &header, &der, &len) != 1)
			break;
		ok = count++ < MAX_BLOCKS ? shared_add(shared, kind,
						    (struct bytes){ der, (size_t)len }, path, err)
					  : err_set(err, "at most %d in a file", MAX_BLOCKS);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(in);
	ERR_clear_error();
	return ok && (count > 0 || shared_add(shared, kind, content, path, err));
}

static bool read_revocations(struct shared *shared, enum material_kind kind,
	const struct verify_list *files, struct err *err)
{
	for (unsigned i = 0; i < files->count; i++) {
		struct buf content = { 0 };
		size_t max = kind == MATERIAL_CRL ? MATERIAL_MAX_CRL : MAX_OCSP;
		bool ok = input_read(files->at[i], max, &content, err) &&
			  read_blocks(shared, kind, files->at[i], buf_view(&content), err);

		buf_free(&content);
		if (!ok)
			return err_while(err, kind == MATERIAL_CRL ? "--crl" : "--ocsp");
	}
	return true;
}

bool shared_read_material(struct shared *shared, struct err *err)
{
	const struct verify_options *options = shared->options;

	return read_certificates(shared, &options->trust, true, "trust", err) &&
	       read_certificates(shared, &options->untrusted, false, "untrusted", err) &&
	       read_revocations(shared, MATERIAL_CRL, &options->crls, err) &&
	       read_revocations(shared, MATERIAL_OCSP, &options->ocsps, err);
}
