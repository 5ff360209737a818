/* Owns the temporary file until it is in its place. */
#include "key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "tsa/hsm/rv.h"

bool key_output_open(struct key_output *output, const char *path, struct err *err)
{
	int n;

	*output = (struct key_output){ .path = path, .fd = STDOUT_FILENO };
	if (path == NULL)
		return true;
	n = snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(output->temporary))
		return err_set(err, "file %.100s...: path is too long", path);
	output->fd = mkostemp(output->temporary, 0);
	if (output->fd < 0)
		return err_sys(err, "file %s", path);
	output->open = true;
	return true;
}

static bool write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool place(struct key_output *output, const char *pem, size_t len)
{
	/* A public key is for everyone. */
	return write_all(output->fd, pem, len) && fchmod(output->fd, 0644) == 0 &&
	       fsync(output->fd) == 0 && rename(output->temporary, output->path) == 0;
}

bool key_output_write(struct key_output *output, EVP_PKEY *key, struct err *err)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *at = NULL;
	long len = 0;
	bool ok = false;

	if (pem == NULL || PEM_write_bio_PUBKEY(pem, key) != 1) {
		hsm_err_openssl(err, "public key as PEM");
		goto out;
	}
	len = BIO_get_mem_data(pem, &at);
	if (output->path == NULL)
		ok = write_all(output->fd, at, (size_t)len) || err_sys(err, "standard output");
	else
		ok = place(output, at, (size_t)len) || err_sys(err, "file %s", output->path);
out:
	BIO_free(pem);
	if (ok)
		output->temporary[0] = '\0';
	return ok;
}

void key_output_close(struct key_output *output)
{
	if (!output->open)
		return;
	(void)close(output->fd);
	if (output->temporary[0] != '\0')
		(void)unlink(output->temporary);
	output->open = false;
}
