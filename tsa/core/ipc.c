/* Owns the descriptor and the queue of one channel end. */
#include "tsa/core/ipc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct waiting {
	struct waiting *next;
	size_t len;
	uint8_t at[];
};

struct ipc {
	int fd;
	size_t max_queued;
	size_t queued;
	struct waiting *first;
	struct waiting *last;
};

struct ipc *ipc_new(int fd, size_t max_queued)
{
	struct ipc *ipc = must_calloc(1, sizeof(*ipc));

	ipc->fd = fd;
	ipc->max_queued = max_queued;
	return ipc;
}

/* Bytes that a waiting message takes; without the head a flood of tiny ones would be free. */
static size_t cost(size_t len)
{
	return sizeof(struct waiting) + len;
}

static void drop_first(struct ipc *ipc)
{
	struct waiting *w = ipc->first;

	ipc->first = w->next;
	if (ipc->first == NULL)
		ipc->last = NULL;
	ipc->queued -= cost(w->len);
	free(w);
}

void ipc_free(struct ipc *ipc)
{
	if (ipc == NULL)
		return;
	while (ipc->first != NULL)
		drop_first(ipc);
	(void)close(ipc->fd);
	free(ipc);
}

int ipc_fd(const struct ipc *ipc)
{
	return ipc->fd;
}

static enum ipc_result result_of_errno(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return IPC_AGAIN;
	if (errno == EPIPE || errno == ECONNRESET)
		return IPC_CLOSED;
	return IPC_FAILED;
}

enum ipc_result ipc_recv(struct ipc *ipc, uint8_t *buf, bool wait, struct bytes *message)
{
	ssize_t n;

	do {
		n = recv(ipc->fd, buf, IPC_MAX_MESSAGE, MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
		if (n < 0 && errno == EAGAIN && wait) {
			struct pollfd p = { .fd = ipc->fd, .events = POLLIN };

			(void)poll(&p, 1, -1);
			errno = EINTR;
		}
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return result_of_errno();
	if (n == 0)
		return IPC_CLOSED;
	if (n > IPC_MAX_MESSAGE) {
		errno = EMSGSIZE;
		return IPC_FAILED;
	}
	*message = (struct bytes){ buf, (size_t)n };
	return IPC_OK;
}

static enum ipc_result send_one(int fd, struct bytes message)
{
	ssize_t n;

	do
		n = send(fd, message.at, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	/* Short of memory for a moment: it waits like a full channel. */
	if (n < 0 && (errno == ENOBUFS || errno == ENOMEM))
		return IPC_AGAIN;
	return n < 0 ? result_of_errno() : IPC_OK;
}

bool ipc_send(struct ipc *ipc, struct bytes message)
{
	struct waiting *w;

	if (message.len == 0 || message.len > IPC_MAX_MESSAGE)
		return false;
	if (ipc->first == NULL) {
		/* A gone peer swallows the message; its end of file comes through ipc_recv. */
		if (send_one(ipc->fd, message) != IPC_AGAIN)
			return true;
	}
	if (ipc->queued + cost(message.len) > ipc->max_queued)
		return false;
	w = must_calloc(1, sizeof(*w) + message.len);
	w->len = message.len;
	memcpy(w->at, message.at, message.len);
	if (ipc->last != NULL)
		ipc->last->next = w;
	else
		ipc->first = w;
	ipc->last = w;
	ipc->queued += cost(message.len);
	return true;
}

enum ipc_result ipc_send_wait(struct ipc *ipc, struct bytes message)
{
	enum ipc_result result;

	if (message.len == 0 || message.len > IPC_MAX_MESSAGE)
		return IPC_FAILED;
	while ((result = send_one(ipc->fd, message)) == IPC_AGAIN) {
		struct pollfd p = { .fd = ipc->fd, .events = POLLOUT };

		(void)poll(&p, 1, -1);
	}
	return result;
}

enum ipc_result ipc_flush(struct ipc *ipc)
{
	while (ipc->first != NULL) {
		struct bytes message = { ipc->first->at, ipc->first->len };
		enum ipc_result result = send_one(ipc->fd, message);

		if (result != IPC_OK)
			return result;
		drop_first(ipc);
	}
	return IPC_OK;
}

bool ipc_wants_write(const struct ipc *ipc)
{
	return ipc->first != NULL;
}

size_t ipc_queued(const struct ipc *ipc)
{
	return ipc->queued;
}
