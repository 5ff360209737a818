#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool lines_read(struct lines *l, struct err *err)
{
	ssize_t n;

	if (l->len == sizeof(l->at) - 1)
		return err_set(err, "command: a line has at most %d bytes", LINES_MAX - 2);
	n = read(STDIN_FILENO, l->at + l->len, sizeof(l->at) - 1 - l->len);
	if (n < 0)
		return errno == EINTR || err_sys(err, "standard input");
	l->ended = n == 0;
	l->len += (size_t)n;
	return true;
}

bool lines_next(struct lines *l, char line[LINES_MAX])
{
	const char *end = memchr(l->at, '\n', l->len);
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - l->at);
	memcpy(line, l->at, len);
	line[len] = '\0';
	l->len -= len + 1;
	memmove(l->at, end + 1, l->len);
	return true;
}
