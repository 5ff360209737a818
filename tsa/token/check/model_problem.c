/* What stands against a token, collected and put in order; and how its parts are named. */
#include "model_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/objects.h>

enum { LAST_YEAR = 9999 };

/* The room for one more. When it is full, a failure takes the place of the last. */
static struct problem *room_for(struct judgement *j)
{
	if (j->problem_count == MODEL_MAX_PROBLEMS)
		j->problem_count--;
	return &j->problems[j->problem_count++];
}

struct problem *problem_add(struct judgement *j, enum gravity gravity, const char *id,
	enum check_sub sub, const char *format, ...)
{
	struct problem *problem = room_for(j);
	va_list args;

	*problem = (struct problem){ .gravity = gravity, .id = id, .sub = sub };
	va_start(args, format);
	if (vsnprintf(problem->text, sizeof(problem->text), format, args) < 0)
		problem->text[0] = '\0';
	va_end(args);
	return problem;
}

void problem_need(struct problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vsnprintf(problem->need, sizeof(problem->need), format, args) < 0)
		problem->need[0] = '\0';
	va_end(args);
}

/* Of two problems the graver one; of equals the one nearer to the anchor, then the earlier. */
static bool is_graver(const struct problem *a, const struct problem *b)
{
	if (a->gravity != b->gravity)
		return a->gravity < b->gravity;
	return a->depth < b->depth;
}

static void say(struct verdict *verdict, const struct problem *problem)
{
	(void)verdict_fail(verdict, problem->id,
		problem->gravity == GRAVITY_FAILED ? CHECK_FAILED : CHECK_INDETERMINATE,
		problem->sub, "%s", problem->text);
	if (problem->need[0] != '\0')
		verdict_need(verdict, "%s", problem->need);
}

void problems_to_verdict(struct judgement *j)
{
	bool said[MODEL_MAX_PROBLEMS] = { false };

	for (unsigned n = 0; n < j->problem_count; n++) {
		unsigned next = MODEL_MAX_PROBLEMS;

		for (unsigned i = 0; i < j->problem_count; i++)
			if (!said[i] && (next == MODEL_MAX_PROBLEMS ||
						is_graver(&j->problems[i], &j->problems[next])))
				next = i;
		said[next] = true;
		say(&j->checked->verdict, &j->problems[next]);
	}
}

const char *model_time(int64_t time, char out[MODEL_TIME])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > LAST_YEAR - 1900) {
		(void)snprintf(out, MODEL_TIME, time < 0 ? "before all time" : "no end");
		return out;
	}
	(void)snprintf(out, MODEL_TIME, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		(unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		(unsigned)tm.tm_sec % 100);
	return out;
}

/* What a part of a name is called in RFC 4514, with its "=". */
static const char *part_name(const X509_NAME_ENTRY *entry)
{
	const char *name = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));

	return name == NULL || strlen(name) > MODEL_NAME / 2 ? "?" : name;
}

const char *model_name(const struct material_item *certificate, char out[MODEL_NAME])
{
	const X509_NAME *name = X509_get_subject_name(certificate->certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const X509_NAME_ENTRY *entry;
	unsigned char *utf8 = NULL;
	const char *label;
	size_t room;
	int len;

	if (at < 0)
		at = X509_NAME_entry_count(name) - 1;
	entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
	len = entry == NULL ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (len < 0) {
		(void)snprintf(out, MODEL_NAME, "a certificate without a name");
		return out;
	}
	label = part_name(entry);
	room = MODEL_NAME - 2 - strlen(label);
	(void)snprintf(out, MODEL_NAME, "%s=%.*s", label,
		(int)text_fitting((const char *)utf8, room), (const char *)utf8);
	OPENSSL_free(utf8);
	return out;
}
