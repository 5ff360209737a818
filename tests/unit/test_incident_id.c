/* What an operator gives to tsad --accept-incident (R8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/incident_id.h"

static void names_a_lease_and_a_counter(void **unused)
{
	static const struct {
		const char *id;
		uint32_t lease;
		uint32_t ctr;
	} rows[] = { { "6b07e700-600", 1795680000, 600 }, { "00000001-0", 1, 0 },
		{ "ffffffff-2147483647", UINT32_MAX, INT32_MAX } };

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct incident accepted;
		struct err err = { 0 };

		assert_true(incident_id_read(rows[i].id, &accepted, &err));
		assert_int_equal(accepted.what, INCIDENT_CONFLICT_ACCEPTED);
		assert_int_equal(accepted.lease, rows[i].lease);
		assert_int_equal(accepted.ctr, rows[i].ctr);
	}
}

static void refuses_every_other_form(void **unused)
{
	static const char *const wrong[] = { "", "-", "6b07e700", "6b07e700-", "-600",
		"6b07e70-600", "6b07e7000-600", "6B07E700-600", "0x6b07e7-600", "6b07e700-0600",
		"6b07e700-+600", "6b07e700- 600", "6b07e700-600 ", " 6b07e700-600", "6b07e700_600",
		"6b07e700-6x", "6b07e700--600", "6b07e700-2147483648", "6b07e700-4294967296",
		"6b07e700-99999999999", "00000000-600", "6b07e700-600-600",
		"6b07e700-18446744073709551616" };

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct incident accepted;
		struct err err = { 0 };

		assert_false(incident_id_read(wrong[i], &accepted, &err));
		assert_non_null(strstr(err.text, "--accept-incident"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_a_lease_and_a_counter),
		cmocka_unit_test(refuses_every_other_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
