/*
 * After a refused PIN no lane of that token logs in until its file changes (R20), whatever name the
 * token goes by (D13).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crew_fixture.h"

static void count_finding(void *arg, bool warning, const char *text)
{
	unsigned *count = arg;

	assert_false(warning);
	assert_non_null(strstr(text, "pin_file: R20"));
	(*count)++;
}

static unsigned findings(const struct world *w)
{
	unsigned count = 0;

	crew_allows(w->crew, w->config, "tsad.conf", count_finding, &count);
	return count;
}

/* R20: one attempt for a PIN, and none for the same file. */
static void a_refused_pin_is_tried_again_only_from_another_file(void **state)
{
	const struct world *w = *state;
	struct lane *old;
	unsigned started;

	begin(w);
	assert_int_equal(findings(w), 0);
	load(w);
	die(proving(w), MSG_FAILURE_PIN);
	assert_int_equal(w->refused, 1);
	assert_null(proving(w));
	/* No lane of that token logs in, also not of those in force. */
	started = w->started;
	old = w->lanes[0];
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(old->state, LANE_DOWN);
	assert_int_equal(findings(w), 2);
	load(w);
	assert_int_equal(w->refused, 2);
	assert_int_equal(w->started, started);
	/* The file changes. */
	write_pin(w, "better");
	assert_int_equal(findings(w), 0);
	load(w);
	prove_all(w);
	assert_int_equal(w->loaded, 2);
	/* Even now one that is over does not. */
	assert_int_equal(old->state, LANE_DOWN);
	crew_swap(w->crew);
	assert_int_equal(crew_lanes_up(w->crew, 0), 2);
}

/* D13: the names of one token count together once it has said who it is. */
static void another_name_of_the_token_is_not_tried_either(void **state)
{
	const struct world *w = *state;

	begin(w);
	load(w);
	die(proving(w), MSG_FAILURE_PIN);
	for (size_t i = 0; i < 2; i++)
		(void)snprintf(w->config->tsus[i].key, sizeof(w->config->tsus[i].key),
			"pkcs11:serial=1;object=%zu", i);
	assert_int_equal(findings(w), 2);
}

static void a_token_of_another_module_is_its_own(void **state)
{
	const struct world *w = *state;

	begin(w);
	load(w);
	die(proving(w), MSG_FAILURE_PIN);
	(void)snprintf(w->config->tsus[1].module, sizeof(w->config->tsus[1].module), "/n.so");
	assert_int_equal(findings(w), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(a_refused_pin_is_tried_again_only_from_another_file),
		IN_ITS_WORLD(another_name_of_the_token_is_not_tried_either),
		IN_ITS_WORLD(a_token_of_another_module_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
