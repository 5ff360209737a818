/*
 * A crew whose lanes and TSUs are played: the fixture has the functions of lane.c and tsu.c, so
 * link it before the library.  crew.c and login.c are the real ones, PIN files are real.
 */
#ifndef TSA_TESTS_CREW_FIXTURE_H
#define TSA_TESTS_CREW_FIXTURE_H

#include "tsa/authority/crew.h"

enum { MAX_LANES = 32 };

struct world {
	struct crew *crew;
	struct config *config; /* of the next load */
	struct lane *lanes[MAX_LANES]; /* that are, by their age */
	size_t lane_count;
	unsigned started;
	unsigned loaded;
	unsigned refused;
	unsigned stopped;
	char text[MSG_MAX_TEXT];
	char pin_file[MSG_MAX_PATH];
};

/* Set-up and tear-down of one test: *state is the struct world, with no generation in force yet. */
int open_world(void **state);
int close_world(void **state);
#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

/* Makes its PIN file anew. */
void write_pin(const struct world *w, const char *pin);
/* Loads the world's configuration. */
void load(const struct world *w);
/* A first generation in force. */
void begin(const struct world *w);

/* The one lane that proves its key now; NULL: none does. */
struct lane *proving(const struct world *w);
void prove(struct lane *l);
void prove_all(const struct world *w);
/* Its process ends; failure is MSG_FAILURE_. */
void die(struct lane *l, uint8_t failure);
/* The time for its next start has come. */
void become_due(struct lane *l);

#endif
