#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "tsa/core/log.h"

enum {
	WAIT_S = 20, /* a line that blocks ends the test by SIGALRM */
	MANY_LINES = 20000, /* more than a pipe takes: 1 MiB at most for a user */
};

/* Standard error is a pipe while a test logs; what it holds is read afterwards. */
struct pipe_log {
	int saved;
	int read_end;
	char text[1 << 17];
};

static struct pipe_log out;

static int begin(void **state)
{
	int fd[2];

	(void)state;
	(void)fflush(NULL);
	if (pipe2(fd, O_CLOEXEC) != 0)
		return -1;
	out.read_end = fd[0];
	out.saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	if (out.saved < 0 || dup2(fd[1], STDERR_FILENO) < 0)
		return -1;
	(void)close(fd[1]);
	(void)fcntl(out.read_end, F_SETFL, O_NONBLOCK);
	log_open("test", LOG_LEVEL_INFO);
	(void)alarm(WAIT_S);
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)alarm(0);
	(void)dup2(out.saved, STDERR_FILENO);
	(void)close(out.saved);
	if (out.read_end >= 0)
		(void)close(out.read_end);
	return 0;
}

/* All that is in the pipe now. */
static const char *written(void)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(out.read_end, out.text + used, sizeof(out.text) - 1 - used)) > 0)
		used += (size_t)n;
	assert_true(used < sizeof(out.text) - 1);
	out.text[used] = '\0';
	return out.text;
}

/* The line after its time stamp, which has a fixed length. */
static const char *after_stamp(const char *line)
{
	static const char like[] = "ts=2026-11-24T08:00:00.123456Z ";

	assert_true(strlen(line) > strlen(like));
	for (size_t i = 0; i < sizeof(like) - 1; i++) {
		if (like[i] >= '0' && like[i] <= '9')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(line[i], like[i]);
	}
	return line + strlen(like);
}

static unsigned count_lines(const char *text, const char *with)
{
	unsigned count = 0;

	for (const char *at = strstr(text, with); at != NULL; at = strstr(at + 1, with))
		count++;
	return count;
}

static void an_event_is_one_line_of_keys_and_values(void **state)
{
	(void)state;
	log_event(LOG_LEVEL_WARNING, "met", "some words", "number=%d name=%s", 7, "x");
	assert_string_equal(after_stamp(written()), "level=warning role=test event=met number=7 "
						    "name=x text=\"some words\"\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	log_event(LOG_LEVEL_DEBUG, "met", NULL, "%s", "a=1");
	assert_string_equal(written(), "");
	log_event(LOG_LEVEL_INFO, "met", NULL, "%s", "a=1");
	assert_string_equal(after_stamp(written()), "level=info role=test event=met a=1\n");
}

static void quotes_and_backslashes_of_a_text_are_escaped(void **state)
{
	(void)state;
	log_event(LOG_LEVEL_INFO, "met", "a \"b\" \\ event=other", "a=%d", 1);
	assert_string_equal(after_stamp(written()), "level=info role=test event=met a=1 "
						    "text=\"a \\\"b\\\" \\\\ event=other\"\n");
}

/* Nobody's words make a line of their own or steer a terminal. */
static void control_characters_become_question_marks(void **state)
{
	(void)state;
	log_event(LOG_LEVEL_INFO, "met", "a\nts=b\r\t\x1b[2J\x7f\xc3\xa9", "a=%s", "1\n2");
	assert_string_equal(after_stamp(written()),
		"level=info role=test event=met a=1?2 text=\"a?ts=b???[2J?\xc3\xa9\"\n");
}

static void without_fields_a_line_has_no_trailing_blank(void **state)
{
	const char *none = "";

	(void)state;
	log_event(LOG_LEVEL_INFO, "met", NULL, "%s", none);
	assert_string_equal(after_stamp(written()), "level=info role=test event=met\n");
	log_event(LOG_LEVEL_INFO, "met", "words", "%s", none);
	assert_string_equal(
		after_stamp(written()), "level=info role=test event=met text=\"words\"\n");
}

static void a_line_too_long_is_cut_within_its_quotes_and_fits_a_pipe_whole(void **state)
{
	static char words[3 * PIPE_BUF];
	const char *line;
	size_t len;

	(void)state;
	memset(words, '"', sizeof(words) - 1);
	log_event(LOG_LEVEL_INFO, "met", words, "a=%s", words);
	line = written();
	len = strlen(line);
	assert_in_range(len, 1000, PIPE_BUF);
	assert_string_equal(line + len - 3, "\"\"\n");
	assert_int_equal(count_lines(line, "\n"), 1);
}

static unsigned fill_the_pipe(void)
{
	for (unsigned i = 0; i < MANY_LINES; i++)
		log_event(LOG_LEVEL_INFO, "flood", "words that fill the pipe", "number=%u", i);
	return MANY_LINES;
}

/* Design 2: no role waits for whoever reads its log. */
static void a_full_pipe_loses_lines_and_their_number_is_told_later(void **state)
{
	unsigned sent = fill_the_pipe();
	unsigned kept = count_lines(written(), " event=flood ");
	char lost[64];
	const char *line;

	(void)state;
	assert_in_range(kept, 1, sent - 1);
	assert_null(strstr(out.text, "log_lost"));
	log_event(LOG_LEVEL_INFO, "after", NULL, "a=%d", 1);
	(void)snprintf(lost, sizeof(lost), "level=warning role=test event=log_lost count=%u\n",
		sent - kept);
	line = after_stamp(written());
	assert_memory_equal(line, lost, strlen(lost));
	assert_string_equal(
		after_stamp(line + strlen(lost)), "level=info role=test event=after a=1\n");
}

static void lost_lines_are_told_once(void **state)
{
	(void)state;
	(void)fill_the_pipe();
	(void)written();
	log_event(LOG_LEVEL_INFO, "after", NULL, "a=%d", 1);
	log_event(LOG_LEVEL_INFO, "after", NULL, "a=%d", 2);
	assert_int_equal(count_lines(written(), "event=log_lost"), 1);
	assert_int_equal(count_lines(out.text, "event=after"), 2);
}

/* Every line is whole: none is written in part into what room is left. */
static void a_full_pipe_holds_whole_lines(void **state)
{
	const char *text;

	(void)state;
	(void)fill_the_pipe();
	text = written();
	assert_int_equal(count_lines(text, "ts="), count_lines(text, "pipe\"\n"));
}

static void a_reader_that_is_gone_loses_lines_and_raises_no_signal(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(out.read_end);
	out.read_end = -1;
	log_event(LOG_LEVEL_INFO, "met", NULL, "a=%d", 1);
}

#define WITH_A_PIPE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_A_PIPE(an_event_is_one_line_of_keys_and_values),
		WITH_A_PIPE(lines_below_the_level_are_not_written),
		WITH_A_PIPE(quotes_and_backslashes_of_a_text_are_escaped),
		WITH_A_PIPE(control_characters_become_question_marks),
		WITH_A_PIPE(without_fields_a_line_has_no_trailing_blank),
		WITH_A_PIPE(a_line_too_long_is_cut_within_its_quotes_and_fits_a_pipe_whole),
		WITH_A_PIPE(a_full_pipe_loses_lines_and_their_number_is_told_later),
		WITH_A_PIPE(lost_lines_are_told_once),
		WITH_A_PIPE(a_full_pipe_holds_whole_lines),
		WITH_A_PIPE(a_reader_that_is_gone_loses_lines_and_raises_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
