/*
 * The world of one real tsa-front: the test is tsad on the other end of its channel and its
 * clients on loopback.  Everything waits with a limit; a wait that ends without what it was for
 * fails the test.
 */
#ifndef TSA_TESTS_FAKE_FRONT_RIG_H
#define TSA_TESTS_FAKE_FRONT_RIG_H

#include <sys/types.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

enum {
	RIG_WAIT_MS = 20000, /* longest wait for anything */
	RIG_NONCE = 0x5a17f00d,
	RIG_MAX_BODY = 300000,
};

struct rig {
	pid_t pid;
	struct ipc *channel; /* tsad's end; NULL once closed */
	uint16_t port;
	uint8_t *buf; /* the message that in points into */
	struct msg in;
};

/* An answer of the front. */
struct rig_reply {
	int status; /* 0: the connection ended without an answer */
	char head[4096];
	uint8_t body[RIG_MAX_BODY];
	size_t body_len;
};

/* The TimeStampReq that tests send: SHA-256, NULL parameters, nonce, certReq. */
extern const uint8_t rig_request[69];

/* Starts a front that has got no message yet. */
struct rig *rig_spawn(void);
/* Sends SETUP and tables: endpoints "/" (0) and "/test" (1), files "/" and "/big.crl". */
void rig_set_up(struct rig *rig, enum msg_front kind, uint32_t max_connections);
/* The same with requests a second for one client address. */
void rig_set_up_limited(
	struct rig *rig, enum msg_front kind, uint32_t max_connections, uint32_t rate_limit);
/* Both, and waits for READY. */
struct rig *rig_start(void);
/* Ends the front by closing the channel and frees. */
void rig_stop(struct rig *rig);
/* Waits for the process; the wait status. */
int rig_wait(struct rig *rig);

void rig_tell(struct rig *rig, const struct msg *msg);
/*
 * The next message, which must be of this type; valid until the next call. Counts, which come when
 * they like, are passed over unless they are what is asked for.
 */
const struct msg *rig_hear(struct rig *rig, enum msg_type type);
/* Answers the ISSUE that comes next with a token of this many bytes; gives its id. */
uint64_t rig_grant(struct rig *rig, size_t token_len);

/* A connected client. */
int rig_connect(const struct rig *rig);
void rig_write(int fd, const void *bytes, size_t len);
void rig_write_text(int fd, const char *text);
/* POST of rig_request with these header lines (each ending in CRLF) beside Content-Length. */
void rig_post(int fd, const char *path, const char *headers);
/* POST of any body with these header lines. */
void rig_post_as(int fd, const char *path, const char *headers, const void *body, size_t len);
/* POST of any body as application/timestamp-query. */
void rig_post_body(int fd, const char *path, const void *body, size_t len);
/* Reads one answer; to_head: an answer to HEAD, without a body. */
void rig_read(int fd, bool to_head, struct rig_reply *reply);
/* True if the connection ends now without another byte. */
bool rig_ended(int fd);
/* The value of a header in the answer, or NULL. Static memory, until the next call. */
const char *rig_header(const struct rig_reply *reply, const char *name);

#endif
