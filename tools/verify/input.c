/* Owns a stream while it reads. */
#include "input.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pem/pem.h"

enum { SLICE = 1 << 16, MAX_CERTIFICATES = 4 << 20, MAX_CRL = 64 << 20 };

static bool read_all(FILE *in, size_t max, struct buf *out, struct err *err)
{
	uint8_t *slice = must_calloc(SLICE, 1);
	bool ok = true;
	size_t n;

	while (ok && (n = fread(slice, 1, SLICE, in)) > 0) {
		buf_append(out, (struct bytes){ slice, n });
		ok = out->len <= max || err_set(err, "at most %zu bytes: has more", max);
	}
	free(slice);
	return ok && (ferror(in) == 0 || err_sys(err, "cannot be read"));
}

bool input_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "rbe");
	bool ok;

	if (in == NULL)
		return err_sys(err, "cannot be read");
	ok = read_all(in, max, out, err);
	if (!is_stdin)
		(void)fclose(in);
	return ok;
}

bool input_der(const char *path, size_t max, struct buf *out, struct err *err)
{
	if (!input_read(path, max, out, err))
		return false;
	pem_decode(out);
	return true;
}

STACK_OF(X509) * input_certificates(const char *path, struct err *err)
{
	struct buf content = { 0 };
	STACK_OF(X509) *all = NULL;

	if (input_read(path, MAX_CERTIFICATES, &content, err)) {
		all = pem_certificates_of(buf_view(&content));
		if (all == NULL)
			err_set(err, "must hold certificates: does not");
	}
	buf_free(&content);
	return all;
}

bool input_crl(const char *path, STACK_OF(X509_CRL) * crls, struct err *err)
{
	struct buf content = { 0 };
	X509_CRL *crl = NULL;
	bool ok = input_read(path, MAX_CRL, &content, err);

	if (ok)
		crl = pem_crl_of(buf_view(&content));
	if (ok && crl == NULL)
		ok = err_set(err, "must be a CRL: is not");
	if (crl != NULL && sk_X509_CRL_push(crls, crl) <= 0)
		abort();
	buf_free(&content);
	return ok;
}
