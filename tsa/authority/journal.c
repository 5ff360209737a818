/* Owns the records that are not durable yet and the tsa-journal process. */
#include "tsa/authority/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "tsa/authority/timesrc.h"
#include "tsa/core/log.h"

enum {
	/* Jobs in flight and voids after a crash are far fewer bytes than this. */
	MAX_QUEUED = 128 * 1024 * 1024,
	WARN_DISK_PERCENT = 80, /* R9 */
	/* Records that may wait for the disk before nothing more is issued. */
	MAX_WAITING = 8192,
	SLOW_MS = 2000, /* one that has waited so long: nothing is issued meanwhile */
	HUNG_MS = 30000, /* and so long: another tsa-journal is tried */
};

static const struct child_program program = { "tsa-journal", "journal", CHILD_NO_ENVIRONMENT,
	MAX_QUEUED, 5 };

struct waiting_record {
	STAILQ_ENTRY(waiting_record) link;
	uint64_t at_ms; /* monotonic, when it was given */
	struct msg_record record; /* its body stands behind */
	uint8_t body[];
};

/* Certificates of a TSU that records were or may be made for. */
struct known_tsu {
	STAILQ_ENTRY(known_tsu) link;
	uint8_t cert_sha256[MSG_HASH];
	uint8_t chain_sha256[MSG_HASH];
	struct buf pem;
};

struct journal {
	struct event_base *base;
	struct spawner *spawner;
	const struct config *config;
	struct journal_events events;
	struct child *child; /* NULL while there is none */
	struct event *restart;
	unsigned failures;
	bool up; /* JOURNAL_READY was heard */
	bool started; /* the first start is done */
	bool stopping;
	bool is_fatal;
	uint64_t last_seq; /* greatest given to journal_append */
	uint64_t durable;
	STAILQ_HEAD(, waiting_record) waiting;
	size_t waiting_count;
	/* Of every configuration since the start: a record that waits may be of any. */
	STAILQ_HEAD(, known_tsu) tsus;
	struct msg_disk disk;
	char trouble[MSG_MAX_TEXT + 32];
};

static void start(struct journal *j);

static void send_tsu_file(struct journal *j, const struct known_tsu *t)
{
	struct msg m = { .type = MSG_TSU_FILE, .tsu_file = { .pem = buf_view(&t->pem) } };

	memcpy(m.tsu_file.cert_sha256, t->cert_sha256, MSG_HASH);
	memcpy(m.tsu_file.chain_sha256, t->chain_sha256, MSG_HASH);
	child_must_send(j->child, &m);
}

static void send_tsu_files(struct journal *j)
{
	const struct known_tsu *t;

	STAILQ_FOREACH (t, &j->tsus, link)
		send_tsu_file(j, t);
}

static bool is_known(const struct journal *j, const struct config_tsu *tsu)
{
	const struct known_tsu *t;

	STAILQ_FOREACH (t, &j->tsus, link) {
		if (memcmp(t->cert_sha256, tsu->cert_sha256, MSG_HASH) == 0 &&
			memcmp(t->chain_sha256, tsu->chain_sha256, MSG_HASH) == 0)
			return true;
	}
	return false;
}

/* Keeps the certificates of config's TSUs, and sends what a journal that is up does not have. */
static void add_tsus(struct journal *j, const struct config *config)
{
	for (size_t i = 0; i < config->tsu_count; i++) {
		struct known_tsu *t;

		if (is_known(j, &config->tsus[i]))
			continue;
		t = must_calloc(1, sizeof(*t));
		memcpy(t->cert_sha256, config->tsus[i].cert_sha256, MSG_HASH);
		memcpy(t->chain_sha256, config->tsus[i].chain_sha256, MSG_HASH);
		buf_append(&t->pem, buf_view(&config->tsus[i].pem));
		STAILQ_INSERT_TAIL(&j->tsus, t, link);
		if (j->up && j->child != NULL)
			send_tsu_file(j, t);
	}
}

static void send_record(struct journal *j, const struct msg_record *record)
{
	struct msg m = { .type = MSG_RECORD, .record = *record };

	child_must_send(j->child, &m);
}

/* It says what it may not: another one starts from what is on disk. */
static void kill_liar(struct journal *j, const char *what)
{
	log_event(LOG_LEVEL_ERROR, "journal_bad_message", what, "%s", "");
	child_kill(j->child);
}

static void on_durable(struct journal *j, uint64_t seq)
{
	struct waiting_record *w;

	while ((w = STAILQ_FIRST(&j->waiting)) != NULL && w->record.seq <= seq) {
		STAILQ_REMOVE_HEAD(&j->waiting, link);
		j->waiting_count--;
		free(w);
	}
	if (seq <= j->durable)
		return;
	j->trouble[0] = '\0';
	j->durable = seq;
	j->events.durable(j->events.arg, seq);
}

static void fatal(struct journal *j, uint8_t failure, const char *text)
{
	if (j->is_fatal)
		return;
	j->is_fatal = true;
	j->events.fatal(j->events.arg, failure, text);
}

/* Another start: what it has on disk must be what was acknowledged, and may be more. */
static void resume(struct journal *j, const struct msg_journal_ready *ready)
{
	struct waiting_record *w;

	if (ready->last_seq < j->durable || ready->last_seq > j->last_seq) {
		char text[MSG_MAX_PATH + 160];

		(void)snprintf(text, sizeof(text),
			"journal %s: must hold what was acknowledged: it ends at record %" PRIu64
			", %" PRIu64 " were acknowledged and %" PRIu64 " sent",
			j->config->journal, ready->last_seq, j->durable, j->last_seq);
		fatal(j, MSG_FAILURE_CORRUPT, text);
		return;
	}
	on_durable(j, ready->last_seq);
	send_tsu_files(j);
	STAILQ_FOREACH (w, &j->waiting, link) {
		w->at_ms = monotonic_ms();
		send_record(j, &w->record);
	}
	log_event(LOG_LEVEL_INFO, "journal_resumed", NULL, "durable=%" PRIu64 " sent_again=%zu",
		ready->last_seq, j->waiting_count);
}

static void on_ready(struct journal *j, const struct msg_journal_ready *ready)
{
	j->up = true;
	/* A full disk shows only when what waits is written again. */
	if (j->waiting_count == 0)
		j->trouble[0] = '\0';
	if (j->started) {
		resume(j, ready);
		return;
	}
	j->started = true;
	j->last_seq = ready->last_seq;
	j->durable = ready->last_seq;
	send_tsu_files(j);
	j->events.ready(j->events.arg, ready);
}

static void on_disk(struct journal *j, const struct msg_disk *disk)
{
	if (disk->used_percent >= WARN_DISK_PERCENT && j->disk.used_percent < WARN_DISK_PERCENT)
		log_event(LOG_LEVEL_WARNING, "journal_disk", "the journal's disk is filling",
			"used_percent=%u spare_segments=%u", disk->used_percent,
			disk->spare_segments);
	j->disk = *disk;
}

/* Which failures are not mended by another start. */
static bool ends_service(const struct journal *j, uint8_t failure)
{
	if (failure == MSG_FAILURE_CORRUPT || failure == MSG_FAILURE_VERSION)
		return true;
	return !j->started;
}

static void on_failed(struct journal *j, const struct msg_failed *failed)
{
	(void)snprintf(j->trouble, sizeof(j->trouble), "%s", failed->text);
	if (ends_service(j, failed->failure)) {
		fatal(j, failed->failure, failed->text);
		return;
	}
	log_event(LOG_LEVEL_ERROR, "journal_failed", failed->text, "failure=%s",
		msg_failure_name(failed->failure));
}

static void on_message(void *arg, const struct msg *m)
{
	struct journal *j = arg;

	switch (m->type) {
	case MSG_LEASE_TREE:
		if (j->started)
			break;
		j->events.tree(j->events.arg, &m->lease_tree);
		return;
	case MSG_LEASE_LEAVES:
		if (j->started)
			break;
		j->events.leaves(j->events.arg, &m->lease_leaves);
		return;
	case MSG_JOURNAL_READY:
		if (j->up)
			break;
		on_ready(j, &m->journal_ready);
		return;
	case MSG_DURABLE:
		if (!j->up || m->durable.seq > j->last_seq)
			break;
		/* A group on disk shows that it works: the next failure starts counting anew. */
		j->failures = 0;
		on_durable(j, m->durable.seq);
		return;
	case MSG_DISK:
		on_disk(j, &m->disk);
		return;
	case MSG_FAILED:
		on_failed(j, &m->failed);
		return;
	default:
		break;
	}
	kill_liar(j, msg_name(m->type));
}

static void on_gone(void *arg, int status)
{
	struct journal *j = arg;
	unsigned delay_ms = backoff_ms(++j->failures);
	const struct timeval delay = { .tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000 };

	j->child = NULL;
	j->up = false;
	if (j->stopping) {
		j->events.stopped(j->events.arg);
		return;
	}
	if (!j->started && !j->is_fatal) {
		char text[MSG_MAX_PATH + 80];

		(void)snprintf(text, sizeof(text),
			"journal %s: tsa-journal must become ready: it ended with %s %d",
			j->config->journal, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		fatal(j, MSG_FAILURE_OTHER, text);
	}
	if (!j->is_fatal)
		(void)evtimer_add(j->restart, &delay);
}

static void start(struct journal *j)
{
	const struct child_events events = { on_message, on_gone, j };
	struct msg m = { .type = MSG_SETUP_JOURNAL,
		.setup_journal = { .version = MSG_VERSION, .recover = !j->started } };
	struct err err = { 0 };

	j->child = child_start(j->spawner, &program, "", NULL, 0, &events, &err);
	if (j->child == NULL && !j->started) {
		fatal(j, MSG_FAILURE_OTHER, err.text);
		return;
	}
	if (j->child == NULL) {
		const struct timeval later = { .tv_sec = 1 };

		log_event(LOG_LEVEL_ERROR, "journal_failed", err.text, "failure=other");
		(void)evtimer_add(j->restart, &later);
		return;
	}
	(void)snprintf(m.setup_journal.directory, sizeof(m.setup_journal.directory), "%s",
		j->config->journal);
	child_must_send(j->child, &m);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

struct journal *journal_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, const struct journal_events *events)
{
	struct journal *j = must_calloc(1, sizeof(*j));

	j->base = base;
	j->spawner = spawner;
	j->config = config;
	j->events = *events;
	STAILQ_INIT(&j->waiting);
	STAILQ_INIT(&j->tsus);
	add_tsus(j, config);
	j->restart = evtimer_new(base, on_restart, j);
	if (j->restart == NULL)
		BUG("libevent gives no timer");
	start(j);
	return j;
}

void journal_free(struct journal *j)
{
	struct waiting_record *w;
	struct known_tsu *t;

	if (j == NULL)
		return;
	while ((t = STAILQ_FIRST(&j->tsus)) != NULL) {
		STAILQ_REMOVE_HEAD(&j->tsus, link);
		buf_free(&t->pem);
		free(t);
	}
	while ((w = STAILQ_FIRST(&j->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&j->waiting, link);
		free(w);
	}
	event_free(j->restart);
	free(j);
}

void journal_reload(struct journal *j, const struct config *config)
{
	add_tsus(j, config);
	j->config = config;
}

void journal_append(struct journal *j, const struct msg_record *record)
{
	struct waiting_record *w = must_calloc(1, sizeof(*w) + record->body.len);

	if (record->seq != j->last_seq + 1)
		BUG("journal: record %" PRIu64 " after %" PRIu64, record->seq, j->last_seq);
	w->record = *record;
	w->at_ms = monotonic_ms();
	memcpy(w->body, record->body.at, record->body.len);
	w->record.body.at = w->body;
	STAILQ_INSERT_TAIL(&j->waiting, w, link);
	j->waiting_count++;
	j->last_seq = record->seq;
	if (j->up && j->child != NULL)
		send_record(j, &w->record);
}

/* How long the oldest record has waited for the disk. */
static uint64_t waited_ms(const struct journal *j)
{
	const struct waiting_record *oldest = STAILQ_FIRST(&j->waiting);

	return oldest == NULL ? 0 : monotonic_ms() - oldest->at_ms;
}

const char *journal_trouble(const struct journal *j)
{
	if (j->trouble[0] != '\0')
		return j->trouble;
	if (waited_ms(j) >= SLOW_MS || j->waiting_count >= MAX_WAITING)
		return "journal: does not acknowledge records";
	return NULL;
}

void journal_tick(struct journal *j)
{
	/* After that a record once more has its time: recovery may take long. */
	if (j->child == NULL || !j->up || waited_ms(j) < HUNG_MS)
		return;
	log_event(LOG_LEVEL_ERROR, "journal_timeout", "killed: does not acknowledge records",
		"limit_ms=%d", HUNG_MS);
	j->up = false;
	child_kill(j->child);
}

uint64_t journal_durable(const struct journal *j)
{
	return j->durable;
}

size_t journal_waiting(const struct journal *j)
{
	return j->waiting_count;
}

const struct msg_disk *journal_disk(const struct journal *j)
{
	return &j->disk;
}

void journal_stop(struct journal *j)
{
	j->stopping = true;
	(void)evtimer_del(j->restart);
	if (j->child != NULL)
		child_close(j->child);
	else
		j->events.stopped(j->events.arg);
}
