/*
 * One event, one line on standard error:
 *   ts=2026-11-24T08:00:00.123456Z level=info role=tsad event=ready key=value ... text="..."
 * Never a PIN, never a whole request body.
 *
 * A line that cannot be written at once is lost: no role waits for whoever reads its log.  The
 * next that can be written has a line before it, event=log_lost, that says how many were.  The
 * role's name, the level and that number are the only state.
 */
#ifndef TSA_CORE_LOG_H
#define TSA_CORE_LOG_H

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO, /* life cycle */
	LOG_LEVEL_WARNING, /* we coped */
	LOG_LEVEL_ERROR, /* someone must act */
};

/* Call once at start; role is a string constant. Lines below the level are not written. */
void log_open(const char *role, enum log_level level);

/*
 * Writes one line. event is a stable name; text (may be NULL) is free text and is quoted and
 * escaped; fmt gives further "key=value" pairs separated by blanks ("" for none), whose values
 * hold no blanks or quotes.  Control characters become '?'.
 */
void log_event(enum log_level level, const char *event, const char *text, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A broken invariant or a malformed message from another process of ours: log and abort(). */
_Noreturn void log_bug(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define BUG(...) log_bug(__FILE__, __LINE__, __VA_ARGS__)

#endif
