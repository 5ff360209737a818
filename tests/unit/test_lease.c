#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/lease.h"

#define DAY_US (86400ull * 1000000)
/* 2026-11-24T08:00:00Z */
#define NOW_S 1795507200u
#define NOW_US (NOW_S * 1000000ull)

static const uint8_t zero_hash[HASH_LEN];
static const struct lease_facts facts = { "unchecked", "1", zero_hash };

struct world {
	struct lease *lease;
	struct msg_record record;
	struct buf body;
};

static int open_world(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	w.lease = lease_new(&facts);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	lease_free(w->lease);
	buf_free(&w->body);
	return 0;
}

static void found(struct world *w, uint64_t seq, uint32_t lease, bool open)
{
	const struct msg_journal_ready ready = {
		.instance = 0x01020304, .last_seq = seq, .last_lease = lease, .lease_open = open
	};

	lease_found(w->lease, &ready);
}

static void open_lease(struct world *w, uint64_t now_us)
{
	buf_free(&w->body);
	lease_open_fresh(w->lease, now_us, -1, false, &w->record, &w->body);
}

/* R1: lease32 is the UTC second of opening. */
static void the_first_lease_is_the_second_of_its_opening(void **state)
{
	struct world *w = *state;

	found(w, 0, 0, false);
	open_lease(w, NOW_US);
	assert_int_equal(w->record.lease, NOW_S);
	assert_int_equal(w->record.ctr, 0);
	assert_int_equal(w->record.kind, RECORD_LEASE_OPEN);
	assert_true(w->record.seq == 1);
	assert_int_equal(lease_take(w->lease).ctr, 1);
	assert_int_equal(lease_take(w->lease).ctr, 2);
}

/* R1: ... or the last one + 1, whatever the clock says: no serial comes twice. */
static void a_lease_is_never_one_that_was_even_if_the_clock_went_back(void **state)
{
	struct world *w = *state;

	found(w, 10, NOW_S + 500, false);
	open_lease(w, NOW_US);
	assert_int_equal(w->record.lease, NOW_S + 501);
	assert_true(w->record.seq == 11);
}

/*
 * R1, R8: the journal may be an older copy that has forgotten a lease of this very second; or of
 * the last one, opened by a start before that had to take the last one + 1.
 */
static void a_lease_waits_for_the_second_after_the_journal_was_found(void **state)
{
	struct world *w = *state;

	found(w, 10, NOW_S - 5, false);
	assert_false(lease_may_open(w->lease, NOW_US, NOW_US));
	assert_false(lease_may_open(w->lease, NOW_US, NOW_US + 999999));
	assert_true(lease_may_open(w->lease, NOW_US, NOW_US + 1000000));
	assert_true(lease_may_open(w->lease, NOW_US + 999999, NOW_US + 1000000));
}

static void a_lease_waits_for_the_end_of_the_second_of_the_last_one(void **state)
{
	struct world *w = *state;

	found(w, 10, NOW_S + 1, false);
	assert_false(lease_may_open(w->lease, NOW_US - 1, NOW_US));
	assert_false(lease_may_open(w->lease, NOW_US - 1, NOW_US + 1999999));
	assert_true(lease_may_open(w->lease, NOW_US - 1, NOW_US + 2000000));
}

static void a_lease_does_not_wait_for_a_clock_that_is_behind(void **state)
{
	struct world *w = *state;

	found(w, 10, NOW_S + 500, false);
	assert_true(lease_may_open(w->lease, NOW_US, NOW_US));
}

static void take_and_void(struct world *w, struct serial s)
{
	buf_free(&w->body);
	lease_void_record(w->lease, s, NOW_US, -1, 0, VOID_SIGNER_DIED, &w->record, &w->body);
}

static void the_close_counts_every_record_and_is_the_last(void **state)
{
	struct world *w = *state;
	uint32_t count = 0;
	uint8_t root[HASH_LEN];
	struct err err;

	found(w, 0, 0, false);
	open_lease(w, NOW_US);
	take_and_void(w, lease_take(w->lease));
	buf_free(&w->body);
	lease_close(w->lease, NOW_US, &w->record, &w->body);
	assert_int_equal(w->record.ctr, 2);
	assert_true(body_lease_close_read(buf_view(&w->body), &count, root, &err));
	assert_int_equal(count, 2);
	assert_false(lease_is_open(w->lease));
}

static void the_next_lease_open_names_the_one_before(void **state)
{
	struct world *w = *state;
	char text[4096];

	found(w, 0, 0, false);
	open_lease(w, NOW_US);
	buf_free(&w->body);
	lease_close(w->lease, NOW_US, &w->record, &w->body);
	open_lease(w, NOW_US + 1000000);
	(void)snprintf(text, sizeof(text), "%.*s", (int)w->body.len, (const char *)w->body.at);
	assert_non_null(
		strstr(text, "\"previous\":{\"closed\":true,\"count\":1,\"lease\":1795507200"));
}

/* R2: at start every missing counter below the highest durable one becomes a void. */
static void holes_of_a_crash_become_voids_in_order(void **state)
{
	struct world *w = *state;
	const struct msg_lease_tree tree = { .lease = 5, .size = 2, .hash_count = 1 };
	static struct msg_lease_leaves leaves = { .count = 2 };
	struct err err;
	char text[4096];

	found(w, 4, 5, true);
	leaves.leaf[0].ctr = 3;
	leaves.leaf[1].ctr = 6;
	assert_true(lease_found_tree(w->lease, &tree, &err));
	assert_true(lease_found_leaves(w->lease, &leaves, &err));
	for (uint32_t expected = 2; expected < 6; expected++) {
		if (expected == 3)
			continue;
		buf_free(&w->body);
		assert_true(lease_next_hole(w->lease, NOW_US, &w->record, &w->body));
		assert_int_equal(w->record.lease, 5);
		assert_int_equal(w->record.ctr, expected);
		assert_int_equal(w->record.kind, RECORD_VOID);
	}
	buf_free(&w->body);
	assert_false(lease_next_hole(w->lease, NOW_US, &w->record, &w->body));
	open_lease(w, NOW_US);
	(void)snprintf(text, sizeof(text), "%.*s", (int)w->body.len, (const char *)w->body.at);
	assert_non_null(strstr(text, "\"previous\":{\"closed\":false,\"count\":7,\"lease\":5"));
}

static void a_tree_that_contradicts_itself_is_refused(void **state)
{
	struct world *w = *state;
	const struct msg_lease_tree tree = { .lease = 5, .size = 3, .hash_count = 1 };
	struct err err;

	found(w, 3, 5, true);
	assert_false(lease_found_tree(w->lease, &tree, &err));
	assert_non_null(strstr(err.text, "1 hashes for 3 leaves"));
}

static void a_lease_is_due_at_utc_midnight(void **state)
{
	struct world *w = *state;
	uint64_t midnight = (NOW_US / DAY_US + 1) * DAY_US;

	found(w, 0, 0, false);
	assert_false(lease_due(w->lease, NOW_US));
	open_lease(w, NOW_US);
	assert_false(lease_due(w->lease, midnight - 1));
	assert_true(lease_due(w->lease, midnight));
	assert_false(lease_due(w->lease, NOW_US - DAY_US));
}

#define with_world(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(the_first_lease_is_the_second_of_its_opening),
		with_world(a_lease_is_never_one_that_was_even_if_the_clock_went_back),
		with_world(a_lease_waits_for_the_second_after_the_journal_was_found),
		with_world(a_lease_waits_for_the_end_of_the_second_of_the_last_one),
		with_world(a_lease_does_not_wait_for_a_clock_that_is_behind),
		with_world(the_close_counts_every_record_and_is_the_last),
		with_world(the_next_lease_open_names_the_one_before),
		with_world(holes_of_a_crash_become_voids_in_order),
		with_world(a_tree_that_contradicts_itself_is_refused),
		with_world(a_lease_is_due_at_utc_midnight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
