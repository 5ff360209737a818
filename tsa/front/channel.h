/* The channel to tsad (core/msg.h): set-up in a plain loop, then messages by event. */
#ifndef TSA_FRONT_CHANNEL_H
#define TSA_FRONT_CHANNEL_H

#include "tsa/core/err.h"
#include "tsa/front/front.h"

/*
 * Blocks until SETUP and all tables are there. Leaves the process if tsad goes away or is of
 * another version.
 */
void channel_set_up(struct front *front);

/* From now on messages come by event. */
MUST_CHECK bool channel_start(struct front *front, struct err *err);

/* Sends, or queues; false if the queue is full. */
MUST_CHECK bool channel_send(struct front *front, const struct msg *msg);

/* Tells tsad why this process cannot go on, before the event loop runs, and leaves. */
_Noreturn void channel_fail(struct front *front, enum msg_failure failure, const char *text);

#endif
