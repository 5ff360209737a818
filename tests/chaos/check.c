/*
 * tsa-chaos-check: holds the clients' answers, the journal and PostgreSQL against each other.
 * Answers are verified as they come, between the commands.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "read_answers.h"
#include "read_database.h"
#include "read_journal.h"
#include "rules.h"

enum {
	EXIT_VIOLATED = 1,
	EXIT_COULD_NOT_RUN = 3,
	IDLE_MS = 200, /* how often the file of answers is looked at */
	AGAIN_MS = 50, /* how often journal and database are, until they agree */
	MAX_SETTLE_S = 3600,
};

static const char help[] =
	"usage: tsa-chaos-check --answers FILE --journal DIR --database CONNINFO --trust PEM\n"
	"                       --untrusted PEM --tsu PEM... [--accuracy-ms N] [--settle S]\n"
	"Checks that every answered token verifies, that its genTime is true, and that its record\n"
	"stands in journal and PostgreSQL, byte for byte and once; that counters are dense, genTime\n"
	"never decreases, and both hold the same.  One --tsu for each endpoint of the clients.\n"
	"Commands on standard input:\n"
	"  check         waits until nothing is on its way (at most S seconds, 60), then checks;\n"
	"                prints each violation, then a line \"ok\" or \"bad\" with counts\n"
	"  whole         the same, with journal and PostgreSQL read from their start\n"
	"  rolled-back   the journal was replaced by an older copy\n"
	"  restored      PostgreSQL was replaced by an older copy\n"
	"  accepted N    in lease N the journal may hold voids where PostgreSQL holds tokens\n"
	"The end of standard input ends it.\n"
	"Exit status: 0 nothing was violated, 1 something was, 3 could not run.\n";

struct check {
	struct token_options token_options;
	const char *answers_path;
	const char *journal_dir;
	const char *database;
	int settle_s;
	struct book book;
	struct answer_reader answers;
	struct journal_view journal;
};

static _Noreturn void mistake(const char *what, const char *why)
{
	fprintf(stderr, "tsa-chaos-check: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one check ---- */

static bool read_all_answers(struct check *c, struct err *err)
{
	enum answers_read result;

	while ((result = answer_reader_step(&c->answers, &c->book, err)) == ANSWERS_RECORD)
		continue;
	return result == ANSWERS_END;
}

/* Reads what is new in both; false with err if one could not be read, or not all is there yet. */
static bool read_both(struct check *c, struct err *err)
{
	uint32_t lease, ctr;

	if (!journal_view_read(&c->journal, &c->book, err))
		return false;
	(void)rules_settled(&c->book, &lease, &ctr);
	if (!database_read(&c->book, c->database, lease, ctr, err))
		return false;
	if (!rules_settled(&c->book, &lease, &ctr))
		return err_set(err,
			"lease %" PRIu32 " counter %" PRIu32
			": must be in journal and PostgreSQL: is not",
			lease, ctr);
	return true;
}

/* Until nothing is on its way any more. What does not settle is found by the rules. */
static void settle(struct check *c)
{
	const int64_t end_ms = now_ms() + (int64_t)c->settle_s * 1000;
	struct err err = { 0 };

	while (!read_both(c, &err)) {
		if (now_ms() >= end_ms) {
			book_finding(&c->book, "not settled after %d s: %s", c->settle_s, err.text);
			return;
		}
		(void)poll(NULL, 0, AGAIN_MS);
	}
}

static void report(const struct check *c, const struct rule_counts *counts)
{
	printf("%s violations=%" PRIu64 " tokens=%" PRIu64 " refusals=%" PRIu64 " records=%" PRIu64
	       " leases=%zu lost=%" PRIu64 " unanswered=%" PRIu64 " only_in_database=%" PRIu64
	       " differing=%" PRIu64 " incidents=%" PRIu64,
		c->book.findings == 0 ? "ok" : "bad", c->book.findings, c->answers.granted,
		c->answers.refused, c->journal.records, c->book.count, counts->lost,
		counts->unanswered, counts->only_in_database, counts->differing, counts->incidents);
	for (int i = 0; i < VOID_REASONS; i++)
		printf(" %s=%" PRIu64, void_reason_name((enum void_reason)i), counts->voids[i]);
	printf(" worst_time_us=%" PRIu64 "\n", c->answers.worst_us);
	(void)fflush(stdout);
}

static bool run_check(struct check *c, struct err *err)
{
	struct rule_counts counts;

	if (!read_all_answers(c, err))
		return false;
	settle(c);
	rules_check(&c->book, &counts);
	report(c, &counts);
	return true;
}

/* ---- commands ---- */

static void read_journal_again(struct check *c)
{
	journal_view_close(&c->journal);
	journal_view_init(&c->journal, c->journal_dir);
}

static bool obey(struct check *c, const char *line, struct err *err)
{
	char word[LINES_MAX];
	uint32_t number = 0;
	int n = sscanf(line, "%63s %" SCNu32, word, &number);

	if (n < 1)
		return err_set(err, "command: must not be empty");
	if (strcmp(word, "check") == 0)
		return run_check(c, err);
	if (strcmp(word, "whole") == 0) {
		book_forget(&c->book, SOURCE_JOURNAL);
		book_forget(&c->book, SOURCE_DATABASE);
		read_journal_again(c);
		return run_check(c, err);
	}
	if (strcmp(word, "rolled-back") == 0) {
		book_rolled_back(&c->book);
		read_journal_again(c);
	} else if (strcmp(word, "restored") == 0) {
		book_forget(&c->book, SOURCE_DATABASE);
	} else if (strcmp(word, "accepted") == 0 && n == 2) {
		book_lease(&c->book, number)->accepted = true;
	} else {
		return err_set(err, "command: must be one that --help lists: %s", line);
	}
	printf("%s\n", word);
	(void)fflush(stdout);
	return true;
}

/* Verifies answers as long as no command comes. */
static bool run(struct check *c, struct err *err)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct lines commands = { .len = 0 };
	char line[LINES_MAX];

	while (!commands.ended) {
		enum answers_read result = answer_reader_step(&c->answers, &c->book, err);

		if (result == ANSWERS_FAILED)
			return false;
		if (poll(&input, 1, result == ANSWERS_RECORD ? 0 : IDLE_MS) <= 0)
			continue;
		if (!lines_read(&commands, err))
			return false;
		while (lines_next(&commands, line)) {
			if (!obey(c, line, err))
				return false;
		}
	}
	return true;
}

/* ---- the command line ---- */

static unsigned number(const char *option, const char *text, unsigned max)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n == 0 || n > max)
		mistake(option, text);
	return (unsigned)n;
}

static void add_tsu(struct token_options *o, const char *path)
{
	int i = 0;

	while (i < ANSWER_MAX_ENDPOINTS && o->tsu[i] != NULL)
		i++;
	if (i == ANSWER_MAX_ENDPOINTS)
		mistake("--tsu", "too many");
	o->tsu[i] = path;
}

static void take(struct check *c, int option)
{
	if (option == 'a')
		c->answers_path = optarg;
	else if (option == 'j')
		c->journal_dir = optarg;
	else if (option == 'd')
		c->database = optarg;
	else if (option == 't')
		c->token_options.trust = optarg;
	else if (option == 'u')
		c->token_options.untrusted = optarg;
	else if (option == 's')
		add_tsu(&c->token_options, optarg);
	else if (option == 'm')
		c->answers.accuracy_us = number("--accuracy-ms", optarg, 60000) * 1000ull;
	else if (option == 'w')
		c->settle_s = (int)number("--settle", optarg, MAX_SETTLE_S);
	else if (option == 'h')
		exit(fputs(help, stdout) < 0 ? EXIT_COULD_NOT_RUN : 0);
	else
		exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
}

static void read_options(int argc, char **argv, struct check *c)
{
	static const struct option longs[] = {
		{ "answers", required_argument, NULL, 'a' },
		{ "journal", required_argument, NULL, 'j' },
		{ "database", required_argument, NULL, 'd' },
		{ "trust", required_argument, NULL, 't' },
		{ "untrusted", required_argument, NULL, 'u' },
		{ "tsu", required_argument, NULL, 's' },
		{ "accuracy-ms", required_argument, NULL, 'm' },
		{ "settle", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(c, option);
	if (optind != argc || c->answers_path == NULL || c->journal_dir == NULL ||
		c->database == NULL || c->token_options.trust == NULL ||
		c->token_options.untrusted == NULL || c->token_options.tsu[0] == NULL)
		mistake("command line", "all that --help names without brackets must be given");
}

int main(int argc, char **argv)
{
	struct check c = { .settle_s = 60, .answers = { .accuracy_us = 1000000 } };
	struct err err = { 0 };
	bool ok;

	read_options(argc, argv, &c);
	journal_view_init(&c.journal, c.journal_dir);
	c.answers.answers = answers_open(c.answers_path, &err);
	c.answers.judge = token_judge_new(&c.token_options, &err);
	ok = c.answers.answers != NULL && c.answers.judge != NULL &&
	     journal_instance_read(c.journal_dir, &c.book.instance, &err) && run(&c, &err);
	if (!ok)
		fprintf(stderr, "tsa-chaos-check: %s\n", err.text);
	answers_free(c.answers.answers);
	token_judge_free(c.answers.judge);
	journal_view_close(&c.journal);
	book_free(&c.book);
	return !ok ? EXIT_COULD_NOT_RUN : c.book.findings > 0 ? EXIT_VIOLATED : 0;
}
