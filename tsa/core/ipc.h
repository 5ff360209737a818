/*
 * One end of a SOCK_SEQPACKET channel between tsad and a child: one datagram, one message.
 * No event loop inside: the owner watches ipc_fd().  Messages that the kernel does not take at
 * once wait in a bounded queue (a channel holds few messages before EAGAIN: 278 of 64 bytes).
 * An empty datagram would read as end of file and is never sent.
 */
#ifndef TSA_CORE_IPC_H
#define TSA_CORE_IPC_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

/* The longest message on any channel; longer content goes in parts. */
enum { IPC_MAX_MESSAGE = 65536 };

/* Where a child finds its end of the channel after exec; listeners follow from 4 on. */
enum { IPC_CHILD_FD = 3, IPC_FIRST_LISTENER_FD = 4 };

enum ipc_result {
	IPC_OK,
	IPC_AGAIN, /* nothing there now */
	IPC_CLOSED, /* the other side is gone: end of file or ECONNRESET or EPIPE */
	IPC_FAILED, /* anything else; errno says */
};

struct ipc;

/* Takes fd. At most max_queued bytes wait in the queue, with what each message costs beside. */
struct ipc *ipc_new(int fd, size_t max_queued);
/* Closes the descriptor and forgets what waits. Takes NULL. */
void ipc_free(struct ipc *ipc);

int ipc_fd(const struct ipc *ipc);

/*
 * Receives one message into buf, which has room for IPC_MAX_MESSAGE; *message points into it.
 * wait: block until there is one (children with a plain loop), else IPC_AGAIN.
 */
enum ipc_result ipc_recv(struct ipc *ipc, uint8_t *buf, bool wait, struct bytes *message);

/*
 * Sends message, or queues it behind what waits already. False if the queue is full: the
 * message is not sent, the owner decides. A gone other side is noticed by ipc_recv, not here.
 */
MUST_CHECK bool ipc_send(struct ipc *ipc, struct bytes message);

/* Sends message and blocks until the kernel has it; for children with a plain loop. */
enum ipc_result ipc_send_wait(struct ipc *ipc, struct bytes message);

/* Sends from the queue what the kernel takes now. */
enum ipc_result ipc_flush(struct ipc *ipc);

/* True while messages wait: watch for writability and call ipc_flush(). */
bool ipc_wants_write(const struct ipc *ipc);
/* Bytes that the queue takes. */
size_t ipc_queued(const struct ipc *ipc);

#endif
