#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vectors.h"
#include "tsa/record/serial.h"

static const char *const sections[] = { "serial.first", "serial.later", "serial.lowest",
	"serial.highest" };

static void a_serial_is_instance_lease_and_counter_in_twelve_octets(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct serial s = { vector_u32(sections[i], "instance"),
			vector_u32(sections[i], "lease"), vector_u32(sections[i], "ctr") };
		uint8_t out[SERIAL_LEN];

		serial_encode(s, out);
		vector_equals(sections[i], "hex", (struct bytes){ out, sizeof(out) });
	}
}

static void a_serial_gives_back_what_it_was_made_of(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct buf hex = vector_bytes(sections[i], "hex");
		struct serial s = serial_decode(hex.at);

		assert_int_equal(s.instance, vector_u32(sections[i], "instance"));
		assert_int_equal(s.lease, vector_u32(sections[i], "lease"));
		assert_int_equal(s.ctr, vector_u32(sections[i], "ctr"));
		buf_free(&hex);
	}
}

/* X.690 8.3.2 and 8.3.3: neither a leading zero octet nor a negative number. */
static void an_instance_makes_an_integer_of_exactly_twelve_octets(void **unused)
{
	(void)unused;
	assert_true(serial_instance_valid(0x01000000));
	assert_true(serial_instance_valid(0x7fffffff));
}

static void refuses_an_instance_that_would_be_negative_or_shorter(void **unused)
{
	(void)unused;
	assert_false(serial_instance_valid(0x00ffffff));
	assert_false(serial_instance_valid(0));
	assert_false(serial_instance_valid(0x80000000));
	assert_false(serial_instance_valid(0xffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_is_instance_lease_and_counter_in_twelve_octets),
		cmocka_unit_test(a_serial_gives_back_what_it_was_made_of),
		cmocka_unit_test(an_instance_makes_an_integer_of_exactly_twelve_octets),
		cmocka_unit_test(refuses_an_instance_that_would_be_negative_or_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
