/* Runs tables of situations as groups of tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model_fixture.h"

/* A warning with that text is there; "": none is, but that revocation was not checked. */
static bool warns_of(const struct verdict *verdict, const char *text)
{
	bool any = false;

	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];

		if (line->result != CHECK_WARN || strstr(line->text, "was not checked") != NULL)
			continue;
		if (text[0] != '\0' && strstr(line->text, text) != NULL)
			return true;
		any = true;
	}
	return text[0] == '\0' && !any;
}

void model_run_case(void **state)
{
	const struct model_case *one = *state;
	struct model_world *world = model_world_new();
	const struct checked *checked = model_situation(world, &one->situation);
	const struct verdict *verdict = &checked->verdict;
	char said[64];

	assert_string_equal(model_said(verdict, said), one->said);
	assert_int_equal(checked->proved, verdict->status == CHECK_PASSED);
	if (verdict->status == CHECK_INDETERMINATE)
		assert_int_not_equal(verdict->need_count, 0);
	if (one->situation.warns != NULL)
		assert_true(warns_of(verdict, one->situation.warns));
	if (one->situation.control != 0)
		assert_int_equal(checked->control, one->situation.control);
	model_world_free(world);
}

int model_run_cases(const char *group, const struct model_case *cases, size_t count)
{
	struct CMUnitTest *tests = must_calloc(count, sizeof(*tests));
	int failed;

	for (size_t i = 0; i < count; i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = model_run_case;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	return failed;
}
