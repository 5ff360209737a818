/*
 * struct err: why something failed, in words.  A failure is not a refusal (those are
 * enum tsp_failure) and not a bug (those abort, see BUG in log.h).
 */
#ifndef TSA_CORE_ERR_H
#define TSA_CORE_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* On the caller's stack; text names the thing, the rule and the finding. Start with { 0 }. */
struct err {
	char text[512];
};

/* Sets the text; returns false, so a failure is one statement: return err_set(err, ...). */
bool err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, followed by ": " and the text of errno as it was at the call. Returns false. */
bool err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts what was being done before the text that is there: "what: text". Returns false. */
bool err_while(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
