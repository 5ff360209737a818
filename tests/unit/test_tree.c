#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vectors.h"
#include "tsa/record/tree.h"

/* Leaf i of the vector tree.1000. */
static void leaf_of(uint32_t i, uint8_t out[HASH_LEN])
{
	uint8_t bytes[5] = { 0 };
	struct writer w = { .at = bytes, .cap = sizeof(bytes) };

	writer_u8(&w, 0);
	writer_u32(&w, i);
	hash_one((struct bytes){ bytes, sizeof(bytes) }, out);
}

static void expect_root(const struct tree *tree, const char *section)
{
	uint8_t root[HASH_LEN];

	tree_root(tree, root);
	vector_equals(section, "root", (struct bytes){ root, HASH_LEN });
}

static void must_add(struct lease_tree *t, uint32_t ctr)
{
	struct err err = { 0 };
	uint8_t leaf[HASH_LEN];

	leaf_of(ctr, leaf);
	if (!lease_tree_add(t, ctr, leaf, &err))
		fail_msg("%s", err.text);
}

/* RFC 6962 2.1, with the inputs and roots of Certificate Transparency's own tests. */
static void roots_are_those_of_rfc_6962(void **unused)
{
	struct tree tree = { 0 };

	(void)unused;
	expect_root(&tree, "tree.0");
	for (int n = 1; n <= 8; n++) {
		char section[16];
		struct buf leaf;

		(void)snprintf(section, sizeof(section), "tree.%d", n);
		leaf = vector_bytes(section, "leaf");
		tree_add(&tree, leaf.at);
		expect_root(&tree, section);
		assert_int_equal(tree.size, n);
		buf_free(&leaf);
	}
}

static void a_tree_holds_one_hash_for_each_bit_of_its_size(void **unused)
{
	(void)unused;
	assert_int_equal(tree_hash_count(0), 0);
	assert_int_equal(tree_hash_count(8), 1);
	assert_int_equal(tree_hash_count(7), 3);
	assert_int_equal(tree_hash_count(UINT32_MAX), TREE_MAX_HASHES);
}

static void leaves_in_order_are_dense_at_once(void **unused)
{
	struct lease_tree *t = lease_tree_new();

	(void)unused;
	for (uint32_t i = 0; i < 1000; i++)
		must_add(t, i);
	expect_root(lease_tree_dense(t), "tree.1000");
	assert_int_equal(lease_tree_end(t), 1000);
	assert_int_equal(lease_tree_first_gap(t), 1000);
	lease_tree_free(t);
}

/* Lanes finish in any order: 7 is prime to 1000, so this visits each counter once. */
static void leaves_in_any_order_give_the_same_tree(void **unused)
{
	struct lease_tree *t = lease_tree_new();

	(void)unused;
	for (uint32_t i = 0; i < 1000; i++)
		must_add(t, i * 7 % 1000);
	expect_root(lease_tree_dense(t), "tree.1000");
	lease_tree_free(t);
}

static void the_last_leaf_first_gives_the_same_tree(void **unused)
{
	struct lease_tree *t = lease_tree_new();

	(void)unused;
	for (uint32_t i = 1000; i-- > 0;)
		must_add(t, i);
	expect_root(lease_tree_dense(t), "tree.1000");
	lease_tree_free(t);
}

static void a_gap_keeps_later_leaves_waiting(void **unused)
{
	struct lease_tree *t = lease_tree_new();

	(void)unused;
	must_add(t, 0);
	must_add(t, 2);
	must_add(t, 5);
	assert_int_equal(lease_tree_dense(t)->size, 1);
	assert_int_equal(lease_tree_first_gap(t), 1);
	assert_int_equal(lease_tree_end(t), 6);
	must_add(t, 1);
	assert_int_equal(lease_tree_dense(t)->size, 3);
	assert_int_equal(lease_tree_first_gap(t), 3);
	lease_tree_free(t);
}

/* D3: one serial, at most one record. */
static void refuses_a_counter_that_comes_twice(void **unused)
{
	struct lease_tree *t = lease_tree_new();
	struct err err = { 0 };
	uint8_t leaf[HASH_LEN];

	(void)unused;
	leaf_of(9, leaf);
	must_add(t, 0);
	must_add(t, 4);
	assert_false(lease_tree_add(t, 0, leaf, &err));
	assert_string_equal(err.text, "lease: counter 0 comes twice");
	assert_false(lease_tree_add(t, 4, leaf, &err));
	assert_int_equal(lease_tree_end(t), 5);
	lease_tree_free(t);
}

struct seen {
	uint32_t ctr[8];
	size_t count;
};

static void see(void *arg, uint32_t ctr, const uint8_t *leaf)
{
	struct seen *seen = arg;
	uint8_t wanted[HASH_LEN];

	leaf_of(ctr, wanted);
	assert_memory_equal(leaf, wanted, HASH_LEN);
	seen->ctr[seen->count++] = ctr;
}

static void waiting_leaves_are_given_in_counter_order(void **unused)
{
	struct lease_tree *t = lease_tree_new();
	struct seen seen = { .count = 0 };

	(void)unused;
	must_add(t, 9);
	must_add(t, 3);
	must_add(t, 0);
	must_add(t, 5);
	lease_tree_each_waiting(t, see, &seen);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.ctr[0], 3);
	assert_int_equal(seen.ctr[1], 5);
	assert_int_equal(seen.ctr[2], 9);
	lease_tree_free(t);
}

/* What tsa-journal reports of an unclosed lease is enough to go on with (R2). */
static void goes_on_from_a_dense_part_and_what_waited(void **unused)
{
	struct lease_tree *before = lease_tree_new();
	struct lease_tree *after = lease_tree_new();

	(void)unused;
	for (uint32_t i = 0; i < 600; i++)
		must_add(before, i);
	lease_tree_restore(after, lease_tree_dense(before));
	assert_int_equal(lease_tree_end(after), 600);
	must_add(after, 700);
	for (uint32_t i = 600; i < 1000; i++) {
		if (i != 700)
			must_add(after, i);
	}
	expect_root(lease_tree_dense(after), "tree.1000");
	lease_tree_free(before);
	lease_tree_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_rfc_6962),
		cmocka_unit_test(a_tree_holds_one_hash_for_each_bit_of_its_size),
		cmocka_unit_test(leaves_in_order_are_dense_at_once),
		cmocka_unit_test(leaves_in_any_order_give_the_same_tree),
		cmocka_unit_test(the_last_leaf_first_gives_the_same_tree),
		cmocka_unit_test(a_gap_keeps_later_leaves_waiting),
		cmocka_unit_test(refuses_a_counter_that_comes_twice),
		cmocka_unit_test(waiting_leaves_are_given_in_counter_order),
		cmocka_unit_test(goes_on_from_a_dense_part_and_what_waited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
