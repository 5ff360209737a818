/*
 * What stands around tsad's own code in fuzz_authority, put in at link time: the event loop and
 * the clocks (virtual time), the children, the journal, signals and the log.  The
 * one who runs the program of steps turns the knobs here; what tsad does with its neighbours is
 * told to struct fake_watch.
 */
#ifndef TSA_TESTS_FAKE_AUTHORITY_H
#define TSA_TESTS_FAKE_AUTHORITY_H

#include "tsa/authority/job.h"
#include "tsa/core/log.h"
#include "tsa/core/msg.h"
#include "tsa/record/body.h"

struct child;
struct config;
struct config_tsu;
struct event_base;

/* What the watcher is told; it aborts where a promise is broken. */
struct fake_watch {
	/* A front was started; its nonce comes with its SETUP_FRONT. */
	void (*started)(struct child *child, const char *label);
	/* tsad sends a message to a front. */
	void (*sent)(struct child *child, const struct msg *m);
	void (*gone)(struct child *child);
	/* A job goes to a lane of this TSU. */
	void (*sign)(const struct job *job, const struct config_tsu *tsu, struct bytes tstinfo);
	void (*record)(const struct msg_record *record);
	/* tsad is told that all up to seq is on disk. */
	void (*durable)(uint64_t seq);
	void (*logged)(enum log_level level, const char *event, const char *details);
	/* From here on this configuration is in force. */
	void (*reloaded)(const struct config *config);
	/* Jobs that tsad holds. */
	void (*jobs)(size_t open);
	/* event_base_dispatch: the program of steps runs here. */
	void (*run)(void);
};

/* Forgets everything; the clocks stand at realtime_us. watch lives as long as the run. */
void fake_reset(const struct fake_watch *watch, uint64_t realtime_us);
const struct fake_watch *fake_watch(void);

/* ---- fake_loop.c: time ---- */
void fake_loop_reset(uint64_t realtime_us);
/* The next timer fires if it is due within ms. Returns the milliseconds that have passed. */
uint32_t fake_pass(uint32_t ms);
/* The clock that adjtimex() shows jumps; what it says about itself. */
void fake_clock_step(int64_t us);
void fake_clock_state(bool synchronised, uint32_t maxerror_us);
uint64_t fake_clock_us(void);
/* Of its error; UINT32_MAX while it is not synchronised. */
uint32_t fake_clock_bound_us(void);
uint64_t fake_now_ms(void);
/* event_base_loopbreak was called. */
bool fake_loop_broken(void);

/* ---- fake_children.c: spawn.h ---- */
/* obedient: fronts end when they are told to, else they hang until they are killed. */
void fake_children_reset(bool obedient);
/* The living child with this label ("front", "admin"), or NULL. */
struct child *fake_child(const char *label);
/* Upper half of its request ids, as SETUP_FRONT said; 0 before. */
uint32_t fake_child_nonce(const struct child *child);
/* The child sends a datagram; with later set it is read with the next one, or at its death. */
void fake_child_says(struct child *child, struct bytes datagram, bool later);
/* What was kept for later is read now. */
void fake_child_is_heard(struct child *child);
/* Killed, or its channel closed by tsad: nothing it says counts. */
bool fake_child_is_condemned(const struct child *child);
/* It reads nothing any more: its queue is full after a few messages. */
void fake_child_deaf(struct child *child);
void fake_child_dies(struct child *child, int status);

/* ---- fake_signers.c: tsa-signer, behind the real crew.c ---- */
/* What a signer that was started does; its start takes a millisecond. */
enum fake_proof { FAKE_PROVES, FAKE_NO_KEY, FAKE_PIN_REFUSED, FAKE_HANGS };

void fake_signers_reset(bool sign_at_once);
void fake_signers_sign_at_once(bool at_once);
void fake_signers_prove(enum fake_proof how);
/* Processes that are not reaped. */
unsigned fake_signers_count(void);
/* What the signer with this number (below the count) does with its job, if it has one. */
void fake_signer_signs(unsigned number);
void fake_signer_fails(unsigned number, unsigned how);
/* With its job, if it has one. */
void fake_signer_dies(unsigned number);
/* Every signer that has a job signs, if they do so at once. */
void fake_signers_turn(void);
/* For fake_children.c. */
void fake_signer_started(struct child *child, struct event_base *base);
void fake_signer_gone(const struct child *child);

/* ---- fake_journal.c: journal.h ---- */
struct fake_found {
	bool old; /* it holds an earlier lease that was closed, and a time a little ahead */
};
void fake_journal_reset(const struct fake_found *found);
/* Up to count more records are on disk. */
void fake_journal_writes(size_t count);
/* Nothing can be written, and tsad knows, until it is mended. */
void fake_journal_broken(bool broken);
/* It fails in a way that ends the service. */
void fake_journal_fatal(void);

/* ---- fake_process.c: signals.h, privilege.h, listen.h, log.h ---- */
void fake_process_reset(void);
void fake_sigterm(void);
void fake_sighup(void);

#endif
