/* Reads whole files and the folder of published ones (R21). */
#include "tsa/authority/config_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends what fd gives until its end, at most max bytes and one to know that it was more. */
static bool read_all(int fd, size_t max, struct buf *out, struct err *err)
{
	uint8_t part[8192];
	size_t before = out->len;
	ssize_t got;

	do {
		got = read(fd, part, sizeof(part));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, "read");
		buf_append(out, (struct bytes){ part, (size_t)got });
	} while (got != 0 && out->len - before <= max);
	if (out->len == before)
		return err_set(err, "is empty");
	if (out->len - before > max)
		return err_set(err, "is longer than %zu bytes", max);
	return true;
}

bool config_file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	/* Not blocking: a FIFO must not hang tsad before it can be told to be one. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return err_sys(err, "%s: open", path);
	if (fstat(fd, &st) != 0)
		err_sys(err, "stat");
	else if (!S_ISREG(st.st_mode))
		err_set(err, "is no regular file");
	else
		ok = read_all(fd, max, out, err);
	(void)close(fd);
	return ok || err_while(err, "%s", path);
}

/* Media type by the end of the name; NULL if it is none of ours. */
static const char *media_type(const char *name)
{
	static const struct {
		const char *suffix;
		const char *type;
	} types[] = {
		{ ".crl", "application/pkix-crl" }, /* RFC 2585 4.2 */
		{ ".cer", "application/pkix-cert" }, /* RFC 2585 4.1 */
		{ ".crt", "application/pkix-cert" },
		{ ".der", "application/pkix-cert" },
		{ ".pem", "application/x-pem-file" },
		{ ".p7c", "application/pkcs7-mime" }, /* RFC 5273 */
		{ ".html", "text/html; charset=utf-8" },
		{ ".txt", "text/plain; charset=utf-8" },
	};
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(suffix, types[i].suffix) == 0)
			return types[i].type;
	return NULL;
}

static bool publish_file(
	struct config *config, const char *folder, const char *name, struct err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	struct config_file *file = &config->files[config->file_count];
	const char *type = media_type(name);
	char path[2 * MSG_MAX_PATH];

	if (name[0] == '.' || name[strspn(name, allowed)] != '\0' ||
		strlen(name) + 2 > MSG_MAX_PATH)
		return err_set(err, "name: letters, digits and ._- , not a dot first");
	if (type == NULL)
		return err_set(err, "name: ends in .crl .cer .crt .der .pem .p7c .html or .txt");
	if (config->file_count == CONFIG_MAX_FILES)
		return err_set(err, "more than %d files", CONFIG_MAX_FILES);
	(void)snprintf(file->path, sizeof(file->path), "/%s", name);
	(void)snprintf(file->type, sizeof(file->type), "%s", type);
	for (size_t i = 0; i < config->endpoint_count; i++)
		if (strcmp(config->endpoints[i].path, file->path) == 0)
			return err_set(err, "is also the path of endpoint [%s]",
				config->endpoints[i].name);
	if (strcmp(file->path, "/tsu.pem") == 0)
		return err_set(err, "is answered by the service itself");
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!config_file_read(path, CONFIG_MAX_PUBLISHED, &file->content, err)) {
		buf_free(&file->content);
		return false;
	}
	config->file_count++;
	return true;
}

void config_publish(struct config_job *job, const char *folder)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);
	struct err err = { 0 };

	if (count < 0) {
		err_sys(&err, "%s", folder);
		config_report(job, false, "tsad", "publish", "%s", err.text);
		return;
	}
	job->config->files = must_calloc(CONFIG_MAX_FILES + 1, sizeof(*job->config->files));
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
			!publish_file(job->config, folder, name, &err))
			config_report(
				job, false, "tsad", "publish", "%s/%s: %s", folder, name, err.text);
		free(names[i]);
	}
	free(names);
}
