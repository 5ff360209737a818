#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_HEAD = 4096 };

struct head {
	int status;
	bool http10;
	bool close;
	bool keep_alive;
	bool has_type;
	bool chunked;
	long length; /* -1: none */
};

static bool read_status_line(const char *line, struct head *head, struct err *err)
{
	static const char version[] = "HTTP/1.";
	const char *p = line + sizeof(version) - 1;
	char *end = NULL;

	if (strncmp(line, version, sizeof(version) - 1) != 0 || (p[0] != '0' && p[0] != '1') ||
		p[1] != ' ')
		return err_set(err, "answer: must begin with a status line: \"%.60s\"", line);
	head->http10 = p[0] == '0';
	head->status = (int)strtol(p + 2, &end, 10);
	if (end != p + 5 || *end != ' ' || head->status < 100)
		return err_set(err, "answer: status: three digits: \"%.60s\"", line);
	return true;
}

/* The value of header name in line, or NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " \t");
}

static bool read_header(const char *line, struct head *head, struct err *err)
{
	const char *value;

	if ((value = value_of(line, "Content-Length")) != NULL) {
		char *end = NULL;

		if (head->length >= 0)
			return err_set(err, "answer: one Content-Length: a second one, %s", value);
		head->length = strtol(value, &end, 10);
		if (end == value || *end != '\0' || head->length < 0 ||
			head->length > HTTP_MAX_ANSWER)
			return err_set(err, "answer: Content-Length: \"%.60s\"", value);
	} else if ((value = value_of(line, "Content-Type")) != NULL) {
		head->has_type = strcmp(value, "application/timestamp-reply") == 0;
	} else if ((value = value_of(line, "Connection")) != NULL) {
		head->close = strcasecmp(value, "close") == 0;
		head->keep_alive = strcasecmp(value, "keep-alive") == 0;
	} else if (value_of(line, "Transfer-Encoding") != NULL) {
		head->chunked = true;
	}
	return true;
}

/* text is the head up to its empty line; it is cut into lines here. */
static bool read_head(char *text, struct head *head, struct err *err)
{
	char *rest = NULL;
	char *line = strtok_r(text, "\r\n", &rest);

	if (line == NULL || !read_status_line(line, head, err))
		return line == NULL ? err_set(err, "answer: status line: none") : false;
	while ((line = strtok_r(NULL, "\r\n", &rest)) != NULL) {
		if (!read_header(line, head, err))
			return false;
	}
	if (head->chunked || head->length < 0)
		return err_set(err, "answer: must have a Content-Length and no Transfer-Encoding");
	if (head->status == 200 && !head->has_type)
		return err_set(err, "answer: Content-Type: must be application/timestamp-reply");
	return true;
}

enum http_state http_read(struct bytes in, struct http_answer *answer, struct err *err)
{
	const uint8_t *end = in.len == 0 ? NULL : memmem(in.at, in.len, "\r\n\r\n", 4);
	struct head head = { .length = -1 };
	char text[MAX_HEAD + 1];
	size_t head_len;

	if (end == NULL) {
		if (in.len <= MAX_HEAD)
			return HTTP_MORE;
		err_set(err, "answer: its head: more than %d bytes", MAX_HEAD);
		return HTTP_BAD;
	}
	head_len = (size_t)(end - in.at);
	if (head_len > MAX_HEAD) {
		err_set(err, "answer: its head: %zu bytes", head_len);
		return HTTP_BAD;
	}
	memcpy(text, in.at, head_len);
	text[head_len] = '\0';
	if (!read_head(text, &head, err))
		return HTTP_BAD;
	answer->status = head.status;
	answer->close = head.close || (head.http10 && !head.keep_alive);
	answer->body = (struct bytes){ end + 4, in.len - head_len - 4 };
	if (answer->body.len < (size_t)head.length)
		return HTTP_MORE;
	if (answer->body.len > (size_t)head.length) {
		err_set(err, "answer: Content-Length %ld: %zu bytes came", head.length,
			answer->body.len);
		return HTTP_BAD;
	}
	return HTTP_WHOLE;
}
