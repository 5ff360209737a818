/* Runs token_check() and looks for what it said.  Owns what struct said owns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"

static void add(struct material *material, X509 *certificate, bool is_anchor)
{
	struct err err = { 0 };
	struct buf der = der_of(certificate);

	assert_true(is_anchor ? material_add_anchor(material, buf_view(&der), "anchor", &err)
			      : material_add(material, MATERIAL_CERTIFICATE, FROM_CALLER,
					buf_view(&der), "given", NULL, &err));
	buf_free(&der);
}

void said_of(struct bytes file, const struct said_beside *beside, struct said *said)
{
	said->cache = material_cache_new();
	said->base = material_new(said->cache, NULL);
	said->material = material_new(said->cache, said->base);
	if (beside->anchor != NULL)
		add(said->base, beside->anchor, true);
	for (int i = 0; i < SAID_MAX_GIVEN && beside->given[i] != NULL; i++)
		add(said->base, beside->given[i], false);
	verdict_start(&said->verdict);
	token_check(file, &beside->wants, said->material, &said->facts, &said->verdict);
}

void said_wipe(struct said *said)
{
	token_wipe(&said->facts);
	material_free(said->material);
	material_free(said->base);
	material_cache_free(said->cache);
}

static void show_lines(const struct said *said)
{
	print_error("said %s %s\n", check_status_name(said->verdict.status),
		check_sub_name(said->verdict.sub));
	for (unsigned i = 0; i < said->verdict.line_count; i++)
		print_error("  %s %s %s\n", said->verdict.lines[i].id,
			check_result_name(said->verdict.lines[i].result),
			said->verdict.lines[i].text);
}

void said_is(const struct said *said, enum check_status status, enum check_sub sub)
{
	if (said->verdict.status != status || said->verdict.sub != sub)
		show_lines(said);
	assert_string_equal(check_status_name(said->verdict.status), check_status_name(status));
	assert_string_equal(check_sub_name(said->verdict.sub), check_sub_name(sub));
}

static bool has_line(
	const struct said *said, const char *id, enum check_result result, const char *text)
{
	for (unsigned i = 0; i < said->verdict.line_count; i++) {
		const struct check_line *line = &said->verdict.lines[i];

		if (strcmp(line->id, id) == 0 && line->result == result &&
			strstr(line->text, text) != NULL)
			return true;
	}
	return false;
}

void said_line(const struct said *said, const char *id, enum check_result result, const char *text)
{
	if (has_line(said, id, result, text))
		return;
	show_lines(said);
	fail_msg("wanted %s %s: %s", id, check_result_name(result), text);
}

void said_no_line(const struct said *said, const char *id, enum check_result result)
{
	if (!has_line(said, id, result, ""))
		return;
	show_lines(said);
	fail_msg("there was to be no %s %s", id, check_result_name(result));
}

void said_need(const struct said *said, const char *text)
{
	for (unsigned i = 0; i < said->verdict.need_count; i++)
		if (strstr(said->verdict.needs[i], text) != NULL)
			return;
	show_lines(said);
	fail_msg("wanted a need with %s; there are %u", text, said->verdict.need_count);
}

struct buf der_of(X509 *certificate)
{
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	assert_true(len > 0);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return out;
}

struct buf element(uint8_t tag, struct buf *content)
{
	const uint8_t header[] = { tag, 0x82, (uint8_t)(content->len >> 8), (uint8_t)content->len };
	const uint8_t middle[] = { tag, 0x81, (uint8_t)content->len };
	const uint8_t small[] = { tag, (uint8_t)content->len };
	struct buf out = { 0 };

	assert_true(content->len < 0x10000);
	if (content->len < 0x80)
		buf_append(&out, (struct bytes){ small, sizeof(small) });
	else if (content->len < 0x100)
		buf_append(&out, (struct bytes){ middle, sizeof(middle) });
	else
		buf_append(&out, (struct bytes){ header, sizeof(header) });
	buf_append(&out, buf_view(content));
	buf_free(content);
	return out;
}
