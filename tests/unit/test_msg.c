#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

static uint8_t wire[IPC_MAX_MESSAGE];
static uint8_t out[IPC_MAX_MESSAGE];
static struct msg back;

static const uint8_t some[] = { 1, 2, 3, 4, 5 };
#define SOME ((struct bytes){ some, sizeof(some) })

static struct msg issue(void)
{
	return (struct msg){ .type = MSG_ISSUE,
		.issue = { .id = 0x1122334455667788,
			.endpoint = 1,
			.digest = 2,
			.null_params = 1,
			.cert_req = 1,
			.policy = { .len = 3, .at = { 9, 8, 7 } },
			.imprint = SOME,
			.nonce = SOME } };
}

static struct msg record(void)
{
	return (struct msg){ .type = MSG_RECORD,
		.record = { .seq = 1,
			.lease = 2,
			.ctr = 3,
			.kind = RECORD_VOID,
			.flags = 1,
			.time_us = 4,
			.tsu_id = 5,
			.bound_us = -1,
			.leaf_hash = { 6 },
			.body = SOME } };
}

static struct msg incident(void)
{
	return (struct msg){ .type = MSG_INCIDENT,
		.incident = { .lease = 1, .journal_end = 2, .database_end = 3, .newer_lease = 4 } };
}

static struct msg setup_ledger(void)
{
	return (struct msg){ .type = MSG_SETUP_LEDGER,
		.setup_ledger = { .version = MSG_VERSION,
			.database = "service=tsa",
			.directory = "/j",
			.instance = 7,
			.awaited = 1 } };
}

static void what_the_ledger_is_told_and_tells_keeps_every_field(void **unused)
{
	struct msg m = incident();

	(void)unused;
	assert_true(msg_decode(msg_encode(&m, wire), &back));
	assert_int_equal(back.incident.lease, 1);
	assert_int_equal(back.incident.journal_end, 2);
	assert_int_equal(back.incident.database_end, 3);
	assert_int_equal(back.incident.newer_lease, 4);
	m = setup_ledger();
	assert_true(msg_decode(msg_encode(&m, wire), &back));
	assert_string_equal(back.setup_ledger.database, "service=tsa");
	assert_string_equal(back.setup_ledger.directory, "/j");
	assert_int_equal(back.setup_ledger.instance, 7);
	assert_int_equal(back.setup_ledger.awaited, 1);
	wire[msg_encode(&m, wire).len - 1] = 2; /* a flag */
	assert_false(msg_decode((struct bytes){ wire, msg_encode(&m, out).len }, &back));
}

static void an_issue_keeps_every_field(void **unused)
{
	struct msg m = issue();

	(void)unused;
	assert_true(msg_decode(msg_encode(&m, wire), &back));
	assert_int_equal(back.type, MSG_ISSUE);
	assert_true(back.issue.id == m.issue.id);
	assert_int_equal(back.issue.endpoint, 1);
	assert_int_equal(back.issue.digest, 2);
	assert_int_equal(back.issue.null_params, 1);
	assert_int_equal(back.issue.cert_req, 1);
	assert_int_equal(back.issue.policy.len, 3);
	assert_memory_equal(back.issue.policy.at, m.issue.policy.at, 3);
	assert_true(bytes_equal(back.issue.imprint, SOME));
	assert_true(bytes_equal(back.issue.nonce, SOME));
}

static void a_record_keeps_every_field_and_its_sign(void **unused)
{
	struct msg m = record();

	(void)unused;
	assert_true(msg_decode(msg_encode(&m, wire), &back));
	assert_true(back.record.seq == 1);
	assert_int_equal(back.record.lease, 2);
	assert_int_equal(back.record.ctr, 3);
	assert_int_equal(back.record.kind, RECORD_VOID);
	assert_int_equal(back.record.bound_us, -1);
	assert_int_equal(back.record.leaf_hash[0], 6);
	assert_true(bytes_equal(back.record.body, SOME));
}

/* The wire format of the protocol's version 3; it changes only together with MSG_VERSION. */
static void the_bytes_of_an_issue_are_those_of_version_3(void **unused)
{
	static const uint8_t expected[] = { MSG_ISSUE, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 1, 2, 1, 1, 3, 9, 8, 7, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 5, 1, 2, 3, 4,
		5 };
	struct msg m = issue();
	struct bytes b = msg_encode(&m, wire);

	(void)unused;
	assert_int_equal(MSG_VERSION, 3);
	assert_int_equal(b.len, sizeof(expected));
	assert_memory_equal(b.at, expected, sizeof(expected));
}

static void every_shorter_and_longer_message_is_refused(void **unused)
{
	struct msg kinds[] = { issue(), record(), incident(), setup_ledger() };

	(void)unused;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t len = msg_encode(&kinds[k], wire).len;

		for (size_t cut = 0; cut < len; cut++)
			assert_false(msg_decode((struct bytes){ wire, cut }, &back));
		wire[len] = 0;
		assert_false(msg_decode((struct bytes){ wire, len + 1 }, &back));
	}
}

static void unknown_types_are_refused(void **unused)
{
	uint8_t one[] = { 0 };

	(void)unused;
	assert_false(msg_decode((struct bytes){ one, 1 }, &back));
	one[0] = MSG_TYPES;
	assert_false(msg_decode((struct bytes){ one, 1 }, &back));
	one[0] = 0xff;
	assert_false(msg_decode((struct bytes){ one, 1 }, &back));
}

static void a_value_over_its_limit_is_refused(void **unused)
{
	struct msg m = issue();
	size_t len = msg_encode(&m, wire).len;

	(void)unused;
	wire[9] = MSG_MAX_ENDPOINTS;
	assert_false(msg_decode((struct bytes){ wire, len }, &back));
	wire[9] = 0;
	wire[11] = 2; /* null_params is a flag */
	assert_false(msg_decode((struct bytes){ wire, len }, &back));
	wire[11] = 0;
	wire[13] = MSG_MAX_OID + 1;
	assert_false(msg_decode((struct bytes){ wire, len }, &back));
}

static void a_nonce_over_its_limit_is_refused(void **unused)
{
	uint8_t long_nonce[MSG_MAX_NONCE + 1] = { 0 };
	struct msg m = issue();
	size_t len;

	(void)unused;
	m.issue.nonce = (struct bytes){ long_nonce, MSG_MAX_NONCE };
	len = msg_encode(&m, wire).len;
	assert_true(msg_decode((struct bytes){ wire, len }, &back));
	wire[len - MSG_MAX_NONCE - 1] = MSG_MAX_NONCE + 1;
	wire[len] = 0;
	assert_false(msg_decode((struct bytes){ wire, len + 1 }, &back));
}

static void leaves_over_their_count_are_refused(void **unused)
{
	static struct msg m = { .type = MSG_LEASE_LEAVES,
		.lease_leaves = { .count = MSG_MAX_LEAVES } };
	size_t len = msg_encode(&m, wire).len;

	(void)unused;
	assert_true(len <= IPC_MAX_MESSAGE);
	assert_true(msg_decode((struct bytes){ wire, len }, &back));
	wire[1] = 0xff;
	wire[2] = 0xff;
	assert_false(msg_decode((struct bytes){ wire, len }, &back));
}

static void every_kind_has_a_name_and_decodes_what_it_encodes(void **unused)
{
	(void)unused;
	for (int type = 1; type < MSG_TYPES; type++) {
		static struct msg m;

		memset(&m, 0, sizeof(m));
		m.type = (enum msg_type)type;
		assert_string_not_equal(msg_name(m.type), "unknown");
		assert_true(msg_decode(msg_encode(&m, wire), &back));
		assert_int_equal(back.type, type);
	}
	for (uint8_t f = 0; f < MSG_FAILURES; f++)
		assert_string_not_equal(msg_failure_name(f), "unknown");
}

/* The rest of the message is not looked at: another version may have laid it out otherwise. */
static void a_setup_of_another_version_is_told_by_its_first_five_bytes(void **unused)
{
	static const uint8_t other[] = { MSG_SETUP_JOURNAL, 0, 0, 0, MSG_VERSION + 1, 0xff };
	static const uint8_t ours[] = { MSG_SETUP_JOURNAL, 0, 0, 0, MSG_VERSION, 0xff };
	const struct bytes message = { other, sizeof(other) };
	struct err err = { 0 };

	(void)unused;
	assert_false(msg_decode(message, &back));
	assert_false(msg_check_version(message, MSG_SETUP_JOURNAL, "tsa-journal", &err));
	assert_string_equal(err.text, "tsa-journal: protocol: must be version 3: tsad speaks 4");
	assert_false(msg_check_version(
		(struct bytes){ other, 5 }, MSG_SETUP_JOURNAL, "tsa-journal", &err));
	/* What is no such SETUP is for msg_decode(). */
	assert_true(msg_check_version(
		(struct bytes){ ours, sizeof(ours) }, MSG_SETUP_JOURNAL, "tsa-journal", &err));
	assert_true(msg_check_version(message, MSG_SETUP_SIGNER, "tsa-signer", &err));
	assert_true(msg_check_version(
		(struct bytes){ other, 4 }, MSG_SETUP_JOURNAL, "tsa-journal", &err));
	assert_true(msg_check_version((struct bytes){ 0 }, MSG_SETUP_JOURNAL, "tsa-journal", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_issue_keeps_every_field),
		cmocka_unit_test(what_the_ledger_is_told_and_tells_keeps_every_field),
		cmocka_unit_test(a_record_keeps_every_field_and_its_sign),
		cmocka_unit_test(the_bytes_of_an_issue_are_those_of_version_3),
		cmocka_unit_test(every_shorter_and_longer_message_is_refused),
		cmocka_unit_test(unknown_types_are_refused),
		cmocka_unit_test(a_value_over_its_limit_is_refused),
		cmocka_unit_test(a_nonce_over_its_limit_is_refused),
		cmocka_unit_test(leaves_over_their_count_are_refused),
		cmocka_unit_test(a_setup_of_another_version_is_told_by_its_first_five_bytes),
		cmocka_unit_test(every_kind_has_a_name_and_decodes_what_it_encodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
