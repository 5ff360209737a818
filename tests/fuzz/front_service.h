/*
 * tsa-front without main(), in this process: the real evhttp and the real sockets, a channel whose
 * other end answers as a program says, and a clock that stands still unless it is moved.
 */
#ifndef TSA_TESTS_FUZZ_FRONT_SERVICE_H
#define TSA_TESTS_FUZZ_FRONT_SERVICE_H

#include "tsa/core/msg.h"

/* What the other end of the channel says to whatever the front asks. */
enum front_tsad {
	FRONT_TSAD_GRANTS,
	FRONT_TSAD_GRANTS_MUCH, /* a token of the longest kind */
	FRONT_TSAD_REFUSES, /* with a text that is too long and holds UTF-8 */
	FRONT_TSAD_REFUSES_BADLY, /* with a text that is no UTF-8 */
	FRONT_TSAD_IS_BUSY,
	FRONT_TSAD_IS_SILENT, /* the front gives up when its time is over */
	FRONT_TSADS,
};

/* The token that FRONT_TSAD_GRANTS gives: one DER element. Static memory. */
struct bytes front_token(void);

/* Made with the first call. */
struct front *front_service(void);

/*
 * Before each input: whom it serves, and ids and clock from the start, so that an input means the
 * same each time.
 */
void front_reset(struct front *front, enum msg_front kind, enum front_tsad tsad);

/* tsad gives the front its tables, the same ones each time (R18). */
void front_tell_tables(void);

/* A new connection of a client's; not blocking. */
int front_connect(void);

/*
 * Lets the front, the other end of the channel and the client at fd (-1: none) go on until nothing
 * happens any more; what the client is told is appended to heard. True if the front closed fd.
 * Aborts when what the front asks breaks the rules of its tables.
 */
bool front_turn(struct front *front, int fd, struct buf *heard);

/* Moves the clock and looks at the deadlines, as the tick of the front's main() does. */
void front_wait(struct front *front, unsigned ms);

/* After the client is gone: nothing of it may be left. Aborts otherwise. */
void front_must_be_empty(struct front *front);

#endif
