/* Owns the rows read from the journal directory's TSU files. */
#include "tsa/ledger/tsu_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tsa/core/log.h"

struct tsu_files {
	const char *directory;
	struct timespec looked; /* the directory's time of change at the last look */
	struct tsu_row *rows;
};

struct tsu_files *tsu_files_new(const char *directory)
{
	struct tsu_files *t = must_calloc(1, sizeof(*t));

	t->directory = directory;
	return t;
}

static void free_row(struct tsu_row *row)
{
	buf_free(&row->cert_der);
	buf_free(&row->chain_der);
	free(row);
}

void tsu_files_free(struct tsu_files *t)
{
	if (t == NULL)
		return;
	while (t->rows != NULL) {
		struct tsu_row *row = t->rows;

		t->rows = row->next;
		free_row(row);
	}
	free(t);
}

struct tsu_row *tsu_files_rows(struct tsu_files *t)
{
	return t->rows;
}

void tsu_files_forget(struct tsu_files *t)
{
	for (struct tsu_row *row = t->rows; row != NULL; row = row->next)
		row->shipped = false;
}

static bool is_tsu_file(const char *name)
{
	const size_t len = strlen(name);

	return len == TSU_FILE_NAME - 1 && strncmp(name, "tsu-", 4) == 0 &&
	       strcmp(name + len - 4, ".pem") == 0;
}

/* Reads at most MSG_MAX_PEM bytes of a file into out. */
static bool read_file(const char *path, struct buf *out, struct err *err)
{
	uint8_t part[4096];
	ssize_t n;
	bool ok = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, "%s: must be readable", path);
	while ((n = read(fd, part, sizeof(part))) > 0) {
		buf_append(out, (struct bytes){ part, (size_t)n });
		if (out->len > MSG_MAX_PEM) {
			(void)err_set(err, "%s: must have at most %d bytes: it is longer", path,
				MSG_MAX_PEM);
			goto out;
		}
	}
	if (n < 0) {
		(void)err_sys(err, "%s: must be readable", path);
		goto out;
	}
	ok = true;
out:
	(void)close(fd);
	return ok;
}

static void add_file(struct tsu_files *t, const char *name)
{
	struct tsu_row *row = must_calloc(1, sizeof(*row));
	char path[JOURNAL_PATH];
	struct buf pem = { 0 };
	struct err err = { 0 };

	memcpy(row->file, name, TSU_FILE_NAME);
	journal_path(t->directory, name, path);
	if (!read_file(path, &pem, &err) || !tsu_row_fill(row, buf_view(&pem), &err)) {
		row->broken = true;
		log_event(LOG_LEVEL_ERROR, "tsu_file_broken", err.text, "file=%s", name);
	}
	buf_free(&pem);
	row->next = t->rows;
	t->rows = row;
}

static bool have_file(const struct tsu_files *t, const char *name)
{
	for (const struct tsu_row *row = t->rows; row != NULL; row = row->next) {
		if (strcmp(row->file, name) == 0)
			return true;
	}
	return false;
}

static bool look(struct tsu_files *t, struct err *err)
{
	DIR *dir = opendir(t->directory);
	const struct dirent *entry;

	if (dir == NULL)
		return err_sys(err, "journal %s: must be readable", t->directory);
	while ((entry = readdir(dir)) != NULL) {
		if (is_tsu_file(entry->d_name) && !have_file(t, entry->d_name))
			add_file(t, entry->d_name);
	}
	(void)closedir(dir);
	return true;
}

bool tsu_files_look(struct tsu_files *t, struct err *err)
{
	struct stat now;

	if (stat(t->directory, &now) != 0)
		return err_sys(err, "journal %s: must be readable", t->directory);
	if (now.st_mtim.tv_sec == t->looked.tv_sec && now.st_mtim.tv_nsec == t->looked.tv_nsec)
		return true;
	if (!look(t, err))
		return false;
	t->looked = now.st_mtim;
	return true;
}

static bool has_id(const struct tsu_files *t, uint32_t tsu_id)
{
	for (const struct tsu_row *row = t->rows; row != NULL; row = row->next) {
		if (!row->broken && row->tsu_id == tsu_id)
			return true;
	}
	return false;
}

bool tsu_files_know(struct tsu_files *t, uint32_t tsu_id, bool *known, struct err *err)
{
	*known = has_id(t, tsu_id);
	if (*known)
		return true;
	/* A file made within the directory's last tick does not show in its time of change. */
	if (!look(t, err))
		return false;
	*known = has_id(t, tsu_id);
	return true;
}
