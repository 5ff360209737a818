/*
 * The HTTP layer: an octet that says how it is played, one that says where it is cut, and the
 * stream of bytes that a client sends on one connection.  Each stream is played whole and cut: the
 * client must be told the same.  Whatever comes, every answer is a whole one with its headers, and
 * of the connection nothing is left.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front_service.h"
#include "tsa/front/front.h"
#include "tsa/tsp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HOW_TSAD = 0x07, /* enum front_tsad */
	HOW_ADMIN = 0x08, /* the admin listener's front */
	HOW_STALLS = 0x10, /* the client takes its time between two pieces */
	HOW_LEAVES = 0x20, /* the client goes away in the midst of it */
	HOW_SHUTS = 0x40, /* the client shuts down its side after the stream */
	HOW_RELOADS = 0x80, /* the front gets its tables anew after each piece */
	MAX_SENDS = 4096, /* one stream, whole */
	STALL_MS = 3000,
	SILENCE_MS = 5000, /* longer than the front waits for tsad */
};

/* How an input is played. */
struct play {
	struct front *front;
	uint8_t how;
	uint32_t seed; /* of the cuts; 0: whole */
	struct bytes stream;
};

static _Noreturn void broken(const char *what, struct bytes heard)
{
	(void)fprintf(stderr, "front: broken: %s\n--- heard %zu bytes:\n%.*s\n", what, heard.len,
		heard.len > 4000 ? 4000 : (int)heard.len, (const char *)heard.at);
	abort();
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return *seed >> 16;
}

/* Short pieces mostly, since it is in heads and lengths that a cut may hurt. */
static size_t next_piece(struct play *p, size_t left)
{
	size_t len;

	if (p->seed == 0)
		return left;
	len = 1 + next_random(&p->seed) % ((next_random(&p->seed) & 3) == 0 ? 4096 : 24);
	return len < left ? len : left;
}

/* Sends a piece; false if the front takes no more. */
static bool send_piece(struct play *p, int fd, struct bytes piece, struct buf *heard)
{
	bool closed = false;

	for (int i = 0; i < MAX_SENDS && piece.len > 0 && !closed; i++) {
		ssize_t n = send(fd, piece.at, piece.len, MSG_NOSIGNAL);

		if (n > 0) {
			piece.at += n;
			piece.len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			closed = true;
		}
		closed = front_turn(p->front, fd, heard) || closed;
	}
	return !closed && piece.len == 0;
}

/* A silent tsad is given up: each request that was sent is answered in its turn. */
static void wait_out_silence(struct play *p, int fd, struct buf *heard)
{
	size_t before;

	do {
		before = heard->len;
		front_wait(p->front, SILENCE_MS);
		(void)front_turn(p->front, fd, heard);
	} while (heard->len > before);
}

static void play(struct play p, struct buf *heard)
{
	int fd = front_connect();
	bool open;

	front_reset(p.front, (p.how & HOW_ADMIN) != 0 ? MSG_FRONT_ADMIN : MSG_FRONT_CLIENTS,
		(enum front_tsad)((p.how & HOW_TSAD) % FRONT_TSADS));
	open = !front_turn(p.front, fd, heard);
	while (open && p.stream.len > 0) {
		size_t len = next_piece(&p, p.stream.len);

		if ((p.how & HOW_LEAVES) != 0 && p.seed != 0 && next_random(&p.seed) % 8 == 0)
			break;
		open = send_piece(&p, fd, (struct bytes){ p.stream.at, len }, heard);
		p.stream.at += len;
		p.stream.len -= len;
		if ((p.how & HOW_STALLS) != 0)
			front_wait(p.front, STALL_MS);
		if ((p.how & HOW_RELOADS) != 0)
			front_tell_tables();
	}
	if ((p.how & HOW_SHUTS) != 0)
		(void)shutdown(fd, SHUT_WR);
	(void)front_turn(p.front, fd, heard);
	if ((p.how & HOW_TSAD) % FRONT_TSADS == FRONT_TSAD_IS_SILENT)
		wait_out_silence(&p, fd, heard);
	(void)close(fd);
	front_must_be_empty(p.front);
}

/* An answer as it lies in what was heard. */
struct answer_seen {
	int status;
	struct bytes head; /* status line and headers, without the empty line */
	struct bytes body;
	bool by_evhttp; /* made by evhttp itself (tsa-front(8)) */
};

/* The value of a header, or an empty view with at NULL. */
static struct bytes header(struct bytes head, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t i = 0; i + 2 + name_len < head.len; i++) {
		const uint8_t *value, *end;

		if (head.at[i] != '\n' || head.at[i + 1 + name_len] != ':' ||
			strncasecmp((const char *)head.at + i + 1, name, name_len) != 0)
			continue;
		value = head.at + i + 1 + name_len + 2;
		end = memchr(value, '\r', head.len - (size_t)(value - head.at));
		return (struct bytes){ value, end == NULL ? head.len - (size_t)(value - head.at)
							  : (size_t)(end - value) };
	}
	return (struct bytes){ 0 };
}

static bool is_text(struct bytes value, const char *text)
{
	return bytes_equal(value, bytes_of_text(text));
}

static bool begins(struct bytes b, const char *text)
{
	size_t len = strlen(text);

	return b.len >= len && memcmp(b.at, text, len) == 0;
}

static size_t length_of(struct bytes value, struct bytes heard)
{
	size_t len = 0;

	if (value.at == NULL || value.len == 0 || value.len > 6)
		broken("an answer without a Content-Length", heard);
	for (size_t i = 0; i < value.len; i++)
		len = len * 10 + (size_t)(value.at[i] - '0');
	return len;
}

/* The status line; evhttp's own pages repeat whatever version the client had, "1.11" too. */
static int status_of(struct bytes head, struct bytes heard)
{
	const uint8_t *blank = memchr(head.at, ' ', head.len);
	size_t at = blank == NULL ? head.len : (size_t)(blank - head.at) + 1;
	int status = 0;

	if (!begins(head, "HTTP/") || head.len < at + 4 || head.at[at + 3] != ' ')
		broken("an answer without a status line", heard);
	for (size_t i = at; i < at + 3; i++)
		status = status * 10 + (head.at[i] - '0');
	return status;
}

/* Takes the next answer out of rest. To HEAD there is a length without a body. */
static struct answer_seen next_answer(struct bytes *rest, struct bytes heard)
{
	struct answer_seen a = { 0 };
	const uint8_t *end = memmem(rest->at, rest->len, "\r\n\r\n", 4);
	size_t len;

	if (end == NULL)
		broken("not a whole answer", heard);
	a.head = (struct bytes){ rest->at, (size_t)(end - rest->at) };
	a.status = status_of(a.head, heard);
	*rest = (struct bytes){ end + 4, rest->len - a.head.len - 4 };
	if (a.status == 100)
		return a;
	a.by_evhttp = is_text(header(a.head, "Content-Type"), "text/html");
	if (a.by_evhttp && header(a.head, "Content-Length").at == NULL) {
		a.body = *rest; /* it ends where the connection does */
		*rest = (struct bytes){ 0 };
		return a;
	}
	len = length_of(header(a.head, "Content-Length"), heard);
	if (rest->len == 0 || begins(*rest, "HTTP/"))
		return a;
	if (len > rest->len)
		broken("a body shorter than its Content-Length", heard);
	a.body = (struct bytes){ rest->at, len };
	*rest = (struct bytes){ rest->at + len, rest->len - len };
	return a;
}

static void check_reply(const struct play *p, struct bytes body, struct bytes heard)
{
	struct tsp_reply reply;

	if (!tsp_reply_decode(body, &reply))
		broken("a reply that is no TimeStampResp", heard);
	if (reply.status != 0 && (reply.text.len == 0 || reply.failure == TSP_GRANTED))
		broken("a refusal without a reason", heard);
	if (reply.status == 0 && (p->how & HOW_TSAD) % FRONT_TSADS == FRONT_TSAD_GRANTS &&
		!bytes_equal(reply.token, front_token()))
		broken("another token than tsad's", heard);
}

static void check_answer(const struct play *p, const struct answer_seen *a, struct bytes heard)
{
	if (a->status == 100)
		return;
	if (a->status < 200 || a->status > 505)
		broken("a status that is none of ours", heard);
	if (a->by_evhttp)
		return;
	if (header(a->head, "Content-Type").at == NULL || header(a->head, "Date").at == NULL)
		broken("an answer without Content-Type or Date", heard);
	if (a->status == 405 && header(a->head, "Allow").at == NULL)
		broken("405 without Allow", heard);
	/* 503 of /readyz is what tsad said, not overload. */
	if ((a->status == 503 || a->status == 429) && (p->how & HOW_ADMIN) == 0 &&
		header(a->head, "Retry-After").at == NULL)
		broken("overload without Retry-After", heard);
	if (is_text(header(a->head, "Content-Type"), "application/timestamp-reply"))
		check_reply(p, a->body, heard);
}

/* Every answer is checked; what may differ between two plays is left out of told. */
static void check(const struct play *p, struct bytes heard, struct buf *told)
{
	struct bytes rest = heard;

	while (rest.len > 0) {
		struct answer_seen a = next_answer(&rest, heard);
		struct bytes date = header(a.head, "Date");
		size_t before = date.at == NULL ? a.head.len : (size_t)(date.at - a.head.at);

		check_answer(p, &a, heard);
		if (a.by_evhttp && rest.len > 0)
			broken("the connection goes on after evhttp's own page", heard);
		if (a.status == 100)
			continue; /* sent only when no body is there yet */
		buf_append(told, (struct bytes){ a.head.at, before });
		if (date.at != NULL)
			buf_append(told, (struct bytes){ date.at + date.len,
						 a.head.len - before - date.len });
		buf_append(told, a.body);
	}
}

/* Both plays told the client the same, unless time or the client's leaving cut one short. */
static void compare(const struct play *p, struct bytes whole, struct bytes cut)
{
	if ((p->how & (HOW_STALLS | HOW_LEAVES)) != 0 || bytes_equal(whole, cut))
		return;
	(void)fprintf(stderr, "--- whole:\n%.*s\n", (int)whole.len, (const char *)whole.at);
	broken("another answer to the same stream when it is cut", cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = { 0 };
	struct buf heard[2] = { 0 };
	struct buf told[2] = { 0 };

	if (size < 2)
		return 0;
	p.how = data[0];
	p.front = front_service();
	p.stream = (struct bytes){ data + 2, size - 2 };
	for (int i = 0; i < 2; i++) {
		p.seed = i == 0 ? 0 : data[1] + 1U;
		play(p, &heard[i]);
		check(&p, buf_view(&heard[i]), &told[i]);
	}
	compare(&p, buf_view(&told[0]), buf_view(&told[1]));
	for (int i = 0; i < 2; i++) {
		buf_free(&heard[i]);
		buf_free(&told[i]);
	}
	return 0;
}
