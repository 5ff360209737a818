/* Owns the descriptor of the data's file, and its digests as they become known. */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

enum { SLICE = 1 << 17, MAX_KEPT = 16 };

struct kept {
	int digest; /* NID */
	unsigned len;
	uint8_t value[EVP_MAX_MD_SIZE];
};

struct data {
	int fd; /* -1: nothing more can be read */
	bool is_regular; /* can be read from its beginning again */
	bool any_name; /* kept[0] is by whatever digest has its length */
	struct kept kept[MAX_KEPT];
	unsigned count;
	struct err failed;
};

/* What is computed of data that can be read once only. */
static const int all_digests[] = { NID_sha1, NID_sha224, NID_sha256, NID_sha384, NID_sha512,
	NID_sha512_256, NID_sha3_224, NID_sha3_256, NID_sha3_384, NID_sha3_512, NID_md5 };

enum { ALL = sizeof(all_digests) / sizeof(all_digests[0]) };

static bool update(EVP_MD_CTX *const ctx[], unsigned count, const uint8_t *slice, size_t len)
{
	for (unsigned i = 0; i < count; i++)
		if (EVP_DigestUpdate(ctx[i], slice, len) != 1)
			return false;
	return true;
}

/* Workers share the descriptor, so its position is nobody's. */
static bool stream(
	const struct data *data, EVP_MD_CTX *const ctx[], unsigned count, struct err *err)
{
	uint8_t *slice = must_calloc(SLICE, 1);
	bool ok = true;
	ssize_t n = 1;

	for (off_t at = 0; ok && n != 0; at += n > 0 ? n : 0) {
		n = data->is_regular ? pread(data->fd, slice, SLICE, at)
				     : read(data->fd, slice, SLICE);
		if (n < 0 && errno != EINTR)
			ok = err_sys(err, "cannot be read");
		if (n > 0 && !update(ctx, count, slice, (size_t)n))
			ok = err_set(err, "cannot be hashed");
	}
	free(slice);
	return ok;
}

static void keep(struct data *data, EVP_MD_CTX *ctx)
{
	struct kept *kept = &data->kept[data->count];

	kept->digest = EVP_MD_get_type(EVP_MD_CTX_get0_md(ctx));
	if (EVP_DigestFinal_ex(ctx, kept->value, &kept->len) == 1)
		data->count++;
}

/* Those of the digests that this OpenSSL has. */
static bool read_digests(struct data *data, const EVP_MD *const digests[], unsigned count)
{
	EVP_MD_CTX *ctx[ALL] = { 0 };
	unsigned n = 0;
	bool ok;

	for (unsigned i = 0; i < count && data->count + n < MAX_KEPT; i++) {
		ctx[n] = EVP_MD_CTX_new();
		if (ctx[n] == NULL)
			abort();
		if (digests[i] != NULL && EVP_DigestInit_ex(ctx[n], digests[i], NULL) == 1)
			n++;
		else
			EVP_MD_CTX_free(ctx[n]);
	}
	ok = n == 0 || stream(data, ctx, n, &data->failed);
	for (unsigned i = 0; i < n; i++) {
		if (ok)
			keep(data, ctx[i]);
		EVP_MD_CTX_free(ctx[i]);
	}
	ERR_clear_error();
	return ok;
}

static bool read_once(struct data *data)
{
	const EVP_MD *digests[ALL];

	for (unsigned i = 0; i < ALL; i++)
		digests[i] = EVP_get_digestbynid(all_digests[i]);
	return read_digests(data, digests, ALL);
}

struct data *data_of_file(const char *path, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct data *data;
	struct stat status;
	bool ok = true;

	if (fd < 0 || fstat(fd, &status) != 0) {
		err_sys(err, "cannot be read");
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	data = must_calloc(1, sizeof(*data));
	data->fd = fd;
	data->is_regular = S_ISREG(status.st_mode);
	if (S_ISDIR(status.st_mode))
		ok = err_set(err, "must be a file: is a folder");
	else if (!data->is_regular) {
		ok = read_once(data) || err_set(err, "%s", data->failed.text);
		(void)close(fd);
		data->fd = -1;
	}
	if (!ok) {
		data_free(data);
		return NULL;
	}
	return data;
}

static struct data *of_value(int digest, struct bytes value)
{
	struct data *data = must_calloc(1, sizeof(*data));

	data->fd = -1;
	if (value.len <= EVP_MAX_MD_SIZE) {
		data->count = 1;
		data->kept[0].digest = digest;
		data->kept[0].len = (unsigned)value.len;
		(void)memcpy(data->kept[0].value, value.at, value.len);
	}
	return data;
}

struct data *data_of_digest(struct bytes digest)
{
	struct data *data = of_value(NID_undef, digest);

	data->any_name = true;
	return data;
}

struct data *data_of_imprint(int digest, struct bytes value)
{
	return of_value(digest, value);
}

void data_free(struct data *data)
{
	if (data == NULL)
		return;
	if (data->fd >= 0)
		(void)close(data->fd);
	free(data);
}

static const struct kept *find(const struct data *data, const EVP_MD *digest)
{
	for (unsigned i = 0; i < data->count; i++)
		if (data->any_name ? data->kept[i].len == (unsigned)EVP_MD_get_size(digest)
				   : data->kept[i].digest == EVP_MD_get_type(digest))
			return &data->kept[i];
	return NULL;
}

unsigned data_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	struct data *data = arg;
	const struct kept *kept = find(data, digest);

	if (kept == NULL && data->fd >= 0 && data->failed.text[0] == '\0' &&
		read_digests(data, &digest, 1))
		kept = find(data, digest);
	if (kept == NULL)
		return 0;
	(void)memcpy(out, kept->value, kept->len);
	return kept->len;
}

bool data_failed(const struct data *data, struct err *err)
{
	if (data->failed.text[0] == '\0')
		return false;
	*err = data->failed;
	return true;
}
