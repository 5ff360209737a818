#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "tests/unit/vectors.h"
#include "tsa/record/body.h"

/* R7: the body of a void, in each of its forms. */
static void a_void_names_its_reason(void **unused)
{
	(void)unused;
	for (int reason = 0; reason < VOID_REASONS; reason++) {
		char section[64];
		struct buf body = { 0 };

		(void)snprintf(section, sizeof(section), "body.void.%s",
			void_reason_name((enum void_reason)reason));
		body_void((enum void_reason)reason, &body);
		vector_equals(section, "hex", buf_view(&body));
		buf_free(&body);
	}
}

/* The vector's inputs as a struct; texts to be freed by open_wipe(). */
static struct lease_open vector_open(const char *section)
{
	struct lease_open open = {
		.node = vector_text(section, "node"),
		.boot_id = vector_text(section, "boot_id"),
		.version = vector_text(section, "version"),
		.clock = vector_text(section, "clock"),
		.clock_bound_us = (int32_t)vector_integer(section, "clock_bound_us"),
		.clock_status = vector_text(section, "clock_status"),
		.instance = vector_u32(section, "instance"),
		.lease = vector_u32(section, "lease"),
		.has_previous = vector_integer(section, "has_previous") == 1,
	};
	struct buf hash = vector_bytes(section, "config_sha256");

	memcpy(open.config_sha256, hash.at, HASH_LEN);
	buf_free(&hash);
	if (open.has_previous) {
		open.previous_lease = vector_u32(section, "previous_lease");
		open.previous_count = vector_u32(section, "previous_count");
		open.previous_closed = vector_integer(section, "previous_closed") == 1;
		hash = vector_bytes(section, "previous_root");
		memcpy(open.previous_root, hash.at, HASH_LEN);
		buf_free(&hash);
	}
	return open;
}

static void open_wipe(struct lease_open *open)
{
	free((void *)(uintptr_t)open->node);
	free((void *)(uintptr_t)open->boot_id);
	free((void *)(uintptr_t)open->version);
	free((void *)(uintptr_t)open->clock);
	free((void *)(uintptr_t)open->clock_status);
}

static void check_lease_open(const char *section)
{
	struct lease_open open = vector_open(section);
	struct buf body = { 0 };
	struct err err = { 0 };
	char *node;

	body_lease_open(&open, &body);
	vector_equals(section, "hex", buf_view(&body));
	node = body_lease_open_node(buf_view(&body), &err);
	assert_non_null(node);
	assert_string_equal(node, open.node);
	free(node);
	buf_free(&body);
	open_wipe(&open);
}

static void the_first_lease_open_has_no_previous_lease(void **unused)
{
	(void)unused;
	check_lease_open("body.lease-open.first");
}

static void a_lease_open_names_the_lease_before(void **unused)
{
	(void)unused;
	check_lease_open("body.lease-open.next");
}

/* RFC 8785 3.2.2.2: " and \ are escaped; numbers of 32 bits stay whole. */
static void a_lease_open_after_a_crash_says_that_nothing_was_closed(void **unused)
{
	(void)unused;
	check_lease_open("body.lease-open.after-crash");
}

static void finds_no_node_where_there_is_none(void **unused)
{
	static const char *const wrong[] = { "", "{", "[]", "{\"node\":\"a\"}",
		"{\"format\":2,\"node\":\"a\"}", "{\"format\":1}", "{\"format\":1,\"node\":7}",
		"{\"format\":1,\"node\":\"a\",\"node\":\"b\"}", "{\"format\":1,\"node\":\"a\"} x" };

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = { 0 };

		assert_null(body_lease_open_node(bytes_of_text(wrong[i]), &err));
		assert_int_not_equal(err.text[0], '\0');
	}
}

static void a_lease_close_holds_count_and_root(void **unused)
{
	static const char *const sections[] = { "body.lease-close", "body.lease-close-empty",
		"body.lease-close-largest" };

	(void)unused;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct buf root = vector_bytes(sections[i], "root");
		struct buf body = { 0 };
		struct err err = { 0 };
		uint8_t root_read[HASH_LEN];
		uint32_t count = 0;

		body_lease_close(vector_u32(sections[i], "count"), root.at, &body);
		vector_equals(sections[i], "hex", buf_view(&body));
		assert_true(body_lease_close_read(buf_view(&body), &count, root_read, &err));
		assert_int_equal(count, vector_u32(sections[i], "count"));
		assert_memory_equal(root_read, root.at, HASH_LEN);
		buf_free(&body);
		buf_free(&root);
	}
}

/* One value, one form: else two bodies with one meaning would have two leaf hashes. */
static void refuses_a_lease_close_in_any_other_form(void **unused)
{
	static const char *const changes[][2] = { { "\"count\":70001", "\"count\":070001" },
		{ "\"count\":70001", "\"count\":4294967296" },
		{ "\"count\":70001", "\"count\":99999999999999999999" },
		{ "\"count\":70001", "\"count\":-1" }, { "\"count\":70001", "\"count\": 70001" },
		{ "\"format\":1", "\"format\":2" }, { "\"}", "\"} " }, { "\"}", "0\"}" },
		{ "\"}", "\",\"x\":1}" }, { "\"root\"", "\"rook\"" } };

	(void)unused;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *text = vector_text("body.lease-close", "text");
		const char *at = strstr(text, changes[i][0]);
		struct err err = { 0 };
		uint8_t root[HASH_LEN];
		uint32_t count;
		char changed[256];

		assert_non_null(at);
		(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
			changes[i][1], at + strlen(changes[i][0]));
		assert_false(body_lease_close_read(bytes_of_text(changed), &count, root, &err));
		assert_int_not_equal(err.text[0], '\0');
		free(text);
	}
}

static struct incident vector_incident(const char *section)
{
	return (struct incident){ .what = (enum incident_what)vector_integer(section, "what"),
		.lease = vector_u32(section, "lease"),
		.journal_end = vector_u32(section, "journal_end"),
		.database_end = vector_u32(section, "database_end"),
		.newer_lease = vector_u32(section, "newer_lease"),
		.ctr = vector_u32(section, "ctr") };
}

/* R8; RFC 8785. */
static void an_incident_says_what_each_side_has(void **unused)
{
	static const char *const sections[] = { "body.incident.behind",
		"body.incident.behind-newer", "body.incident.behind-unknown",
		"body.incident.behind-largest", "body.incident.accepted" };

	(void)unused;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const struct incident wanted = vector_incident(sections[i]);
		struct incident found;
		struct buf body = { 0 };
		struct err err = { 0 };

		body_incident(&wanted, &body);
		vector_equals(sections[i], "hex", buf_view(&body));
		assert_true(body_incident_read(buf_view(&body), &found, &err));
		assert_int_equal(found.what, wanted.what);
		assert_int_equal(found.lease, wanted.lease);
		assert_int_equal(found.journal_end, wanted.journal_end);
		assert_int_equal(found.database_end, wanted.database_end);
		assert_int_equal(found.newer_lease, wanted.newer_lease);
		assert_int_equal(found.ctr, wanted.ctr);
		buf_free(&body);
	}
}

static void refuses_an_incident_in_any_other_form(void **unused)
{
	static const char *const wrong[] = {
		"", "{", "[]", "7", "{\"what\":\"conflict-accepted\"}",
		"{\"ctr\":600,\"format\":1,\"lease\":1,\"what\":\"something else\"}",
		"{\"ctr\":600,\"format\":2,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":600,\"format\":1,\"lease\":0,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":-1,\"format\":1,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":4294967296,\"format\":1,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":1.0,\"format\":1,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\": 600,\"format\":1,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"format\":1,\"ctr\":600,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":600,\"ctr\":600,\"format\":1,\"lease\":1,\"what\":\"conflict-accepted\"}",
		"{\"ctr\":600,\"format\":1,\"lease\":1,\"more\":1,\"what\":\"conflict-accepted\"}"
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct incident found;
		struct err err = { 0 };

		assert_false(body_incident_read(bytes_of_text(wrong[i]), &found, &err));
		assert_int_not_equal(err.text[0], '\0');
	}
}

/* D12: OpenSSL takes the certificates out of the token; the rest is the body, byte for byte. */
static void a_tokens_body_is_the_token_without_its_certificates(void **unused)
{
	struct buf token = vector_bytes("body.token", "token");
	const unsigned char *at = token.at;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)token.len);
	unsigned char *der = NULL;
	int len;

	(void)unused;
	assert_non_null(p7);
	sk_X509_pop_free(p7->d.sign->cert, X509_free);
	p7->d.sign->cert = NULL;
	len = i2d_PKCS7(p7, &der);
	assert_true(len > 0);
	vector_equals("body.token", "body", (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	PKCS7_free(p7);
	buf_free(&token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_void_names_its_reason),
		cmocka_unit_test(the_first_lease_open_has_no_previous_lease),
		cmocka_unit_test(a_lease_open_names_the_lease_before),
		cmocka_unit_test(a_lease_open_after_a_crash_says_that_nothing_was_closed),
		cmocka_unit_test(finds_no_node_where_there_is_none),
		cmocka_unit_test(a_lease_close_holds_count_and_root),
		cmocka_unit_test(refuses_a_lease_close_in_any_other_form),
		cmocka_unit_test(an_incident_says_what_each_side_has),
		cmocka_unit_test(refuses_an_incident_in_any_other_form),
		cmocka_unit_test(a_tokens_body_is_the_token_without_its_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
