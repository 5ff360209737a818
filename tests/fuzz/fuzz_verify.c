/*
 * tsa-verify from the bytes of a token to its report: nothing of what others wrote reaches the
 * terminal unescaped, the JSON is JSON and says the same, and what is PASSED has all that it takes.
 * The length chooses the model; the anchor is the root of the kept corpus.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/verify/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shared *make_shared(void)
{
	static const char *const words[] = { "tsa-verify", "--trust", TSA_FUZZ_ANCHOR, "--at",
		"2024-01-01", "token" };
	static struct verify_options options;
	static struct shared shared;
	struct err err = { 0 };

	if (!verify_options_read(6, (char **)words, &options, &err) ||
		!shared_read(&options, &shared, &err)) {
		(void)fprintf(stderr, "fuzz_verify: %s\n", err.text);
		abort();
	}
	return &shared;
}

/* Lines of UTF-8 without anything that moves a cursor. */
static void check_text(const char *text, size_t len)
{
	json_t *utf8;

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
			abort();
	utf8 = json_stringn(text, len); /* NULL unless it is */
	if (utf8 == NULL)
		abort();
	json_decref(utf8);
}

static const char *status_of(const json_t *report)
{
	return json_string_value(json_object_get(json_object_get(report, "result"), "status"));
}

/* One token as one of the three reports; what was said is kept in *said. */
static size_t verify(struct verify *verify, struct bytes octets, struct tally *tally, char **said)
{
	const struct verify_subject subject = { .name = "token", .octets = octets };
	size_t len = 0;
	FILE *out = open_memstream(said, &len);

	if (out == NULL)
		abort();
	verify_token(verify, &subject, tally, out);
	if (fclose(out) != 0)
		abort();
	return len;
}

static void check_json(const char *said, size_t len, const struct tally *tally)
{
	json_t *report = json_loadb(said, len, JSON_REJECT_DUPLICATES, NULL);
	const char *status = status_of(report);

	if (status == NULL || (strcmp(status, "PASSED") == 0) != (tally->passed == 1) ||
		(strcmp(status, "FAILED") == 0) != (tally->failed == 1))
		abort();
	if (tally->passed == 1 &&
		(!json_is_object(json_object_get(report, "signer")) ||
			json_array_size(json_object_get(report, "chain")) < 1 ||
			!json_is_string(
				json_object_get(json_object_get(report, "result"), "timeProven"))))
		abort();
	json_decref(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shared *shared;
	static struct verify *room;
	static struct verify_options options;

	if (shared == NULL) {
		shared = make_shared();
		options = *shared->options;
		shared->options = &options;
		room = verify_new(shared);
	}
	for (int kind = 0; kind < 3; kind++) {
		struct tally tally = { 0 };
		char *said = NULL;
		size_t len;

		options.json = kind == 0;
		shared->brief = kind == 1;
		shared->policy.model = (enum check_model)(size % 3);
		len = verify(room, (struct bytes){ data, size }, &tally, &said);
		check_text(said, len);
		if (kind == 0)
			check_json(said, len, &tally);
		if (tally.passed + tally.failed + tally.indeterminate != 1)
			abort();
		free(said);
	}
	return 0;
}
