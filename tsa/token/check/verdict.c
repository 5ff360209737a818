/* Owns nothing: a verdict is the caller's room. */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_text(char out[VERDICT_TEXT], const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void format_text(char out[VERDICT_TEXT], const char *format, va_list args)
{
	if (vsnprintf(out, VERDICT_TEXT, format, args) < 0)
		out[0] = '\0';
}

void verdict_start(struct verdict *verdict)
{
	verdict->status = CHECK_PASSED;
	verdict->sub = SUB_NONE;
	verdict->why[0] = '\0';
	verdict->line_count = 0;
	verdict->need_count = 0;
}

/* The room of one more line; past the limit the last one is given up for a word about that. */
static struct check_line *add_line(
	struct verdict *verdict, const char *id, enum check_result result)
{
	struct check_line *line;

	if (verdict->line_count == VERDICT_MAX_LINES)
		verdict->line_count--;
	line = &verdict->lines[verdict->line_count++];
	line->id = id;
	line->result = result;
	return line;
}

static void end_line(struct verdict *verdict, struct check_line *line)
{
	if (verdict->line_count == VERDICT_MAX_LINES)
		(void)snprintf(line->text, sizeof(line->text),
			"more checks were made than the %d that are listed", VERDICT_MAX_LINES);
}

void verdict_line(
	struct verdict *verdict, const char *id, enum check_result result, const char *format, ...)
{
	struct check_line *line = add_line(verdict, id, result);
	va_list args;

	va_start(args, format);
	format_text(line->text, format, args);
	va_end(args);
	end_line(verdict, line);
}

static bool is_worse(const struct verdict *verdict, enum check_status status)
{
	return verdict->status == CHECK_PASSED ||
	       (verdict->status == CHECK_INDETERMINATE && status == CHECK_FAILED);
}

bool verdict_fail(struct verdict *verdict, const char *id, enum check_status status,
	enum check_sub sub, const char *format, ...)
{
	struct check_line *line = add_line(verdict, id, CHECK_FAIL);
	va_list args;

	va_start(args, format);
	format_text(line->text, format, args);
	va_end(args);
	if (is_worse(verdict, status)) {
		verdict->status = status;
		verdict->sub = sub;
		(void)memcpy(verdict->why, line->text, sizeof(verdict->why));
	}
	end_line(verdict, line);
	return false;
}

void verdict_need(struct verdict *verdict, const char *format, ...)
{
	char text[VERDICT_TEXT];
	va_list args;

	va_start(args, format);
	format_text(text, format, args);
	va_end(args);
	for (unsigned i = 0; i < verdict->need_count; i++)
		if (strcmp(verdict->needs[i], text) == 0)
			return;
	if (verdict->need_count < VERDICT_MAX_NEEDS)
		(void)memcpy(verdict->needs[verdict->need_count++], text, sizeof(text));
}

const char *check_status_name(enum check_status status)
{
	switch (status) {
	case CHECK_PASSED:
		return "PASSED";
	case CHECK_FAILED:
		return "FAILED";
	case CHECK_INDETERMINATE:
		return "INDETERMINATE";
	}
	return "";
}

const char *check_sub_name(enum check_sub sub)
{
	static const char *const names[] = {
		[SUB_NONE] = "",
		[SUB_FORMAT_FAILURE] = "FORMAT_FAILURE",
		[SUB_HASH_FAILURE] = "HASH_FAILURE",
		[SUB_SIG_CRYPTO_FAILURE] = "SIG_CRYPTO_FAILURE",
		[SUB_SIG_CONSTRAINTS_FAILURE] = "SIG_CONSTRAINTS_FAILURE",
		[SUB_CHAIN_CONSTRAINTS_FAILURE] = "CHAIN_CONSTRAINTS_FAILURE",
		[SUB_NOT_YET_VALID] = "NOT_YET_VALID",
		[SUB_REVOKED] = "REVOKED",
		[SUB_CRYPTO_CONSTRAINTS_FAILURE] = "CRYPTO_CONSTRAINTS_FAILURE",
		[SUB_TIMESTAMP_ORDER_FAILURE] = "TIMESTAMP_ORDER_FAILURE",
		[SUB_NO_SIGNING_CERTIFICATE_FOUND] = "NO_SIGNING_CERTIFICATE_FOUND",
		[SUB_NO_CERTIFICATE_CHAIN_FOUND] = "NO_CERTIFICATE_CHAIN_FOUND",
		[SUB_NO_CERTIFICATE_CHAIN_FOUND_NO_POE] = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE",
		[SUB_SIGNED_DATA_NOT_FOUND] = "SIGNED_DATA_NOT_FOUND",
		[SUB_OUT_OF_BOUNDS_NO_POE] = "OUT_OF_BOUNDS_NO_POE",
		[SUB_OUT_OF_BOUNDS_NOT_REVOKED] = "OUT_OF_BOUNDS_NOT_REVOKED",
		[SUB_REVOKED_NO_POE] = "REVOKED_NO_POE",
		[SUB_REVOKED_CA_NO_POE] = "REVOKED_CA_NO_POE",
		[SUB_REVOCATION_OUT_OF_BOUNDS_NO_POE] = "REVOCATION_OUT_OF_BOUNDS_NO_POE",
		[SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE] = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
		[SUB_NO_POE] = "NO_POE",
		[SUB_TRY_LATER] = "TRY_LATER",
	};

	return names[sub];
}

const char *check_result_name(enum check_result result)
{
	static const char *const names[] = {
		[CHECK_PASS] = "pass",
		[CHECK_WARN] = "warn",
		[CHECK_FAIL] = "fail",
		[CHECK_SKIP] = "skip",
	};

	return names[result];
}
