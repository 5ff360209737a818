/*
 * What tsad has promised, whatever a front says to it: this watches every message, record and
 * signature of a run of fuzz_authority and aborts where a promise is broken.  It shares no rule
 * with the code it watches but the encodings.
 */
#ifndef TSA_TESTS_FUZZ_AUTHORITY_MODEL_H
#define TSA_TESTS_FUZZ_AUTHORITY_MODEL_H

#include "tests/fake/authority.h"
#include "tsa/authority/config.h"

/* For a promise that is broken: words to standard error, abort(). */
#define PROMISE(kept, ...)                                                                         \
	do {                                                                                       \
		if (!(kept))                                                                       \
			model_broken(__FILE__, __LINE__, __VA_ARGS__);                             \
	} while (0)
_Noreturn void model_broken(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* config lives as long as the run; run is called where the service's loop would turn. */
void model_begin(const struct config *config, void (*run)(void));

/* ---- what the program of steps says happens ---- */
/* The front sends this datagram; later: it is read with the next one. */
void model_front_says(struct child *front, struct bytes datagram, bool later);
/* To be called after tsad has seen it. */
void model_front_was_heard(struct child *front);
/* False when the program has asked for so much that this cannot keep account of more. */
bool model_has_room(void);
/* It was given tables and has not said that they are in force. */
bool model_awaits_ready(const struct child *front);
/* The service may end with an error from here on. */
void model_may_fail(void);

/* ---- what must hold ---- */
/* No front waits for an answer: all time that there is has passed. */
void model_all_answered(void);
/* After the last step: service_run has returned status. */
void model_ended(int status);

/* The service has said that it is ready. */
bool model_is_ready(void);

#endif
