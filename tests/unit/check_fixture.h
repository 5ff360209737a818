/*
 * What token_check() says of a file: the made tokens of lint_fixture.h and those of the corpus.
 * Include after cmocka.h.
 */
#ifndef TSA_TESTS_CHECK_FIXTURE_H
#define TSA_TESTS_CHECK_FIXTURE_H

#include "lint_fixture.h"
#include "tsa/token/check/token.h"

enum { SAID_MAX_GIVEN = 4 };

/* What there is beside the file. */
struct said_beside {
	X509 *anchor; /* NULL: none */
	X509 *given[SAID_MAX_GIVEN]; /* not trusted; up to the first NULL */
	struct token_wants wants;
};

struct said {
	struct material_cache *cache;
	struct material *base;
	struct material *material; /* of the token */
	struct token_facts facts;
	struct verdict verdict;
};

/* file lives until said_wipe(). */
void said_of(struct bytes file, const struct said_beside *beside, struct said *said);
void said_wipe(struct said *said);

/* Fails unless that is the verdict. */
void said_is(const struct said *said, enum check_status status, enum check_sub sub);
/* Fails unless there is a line of that id and result in which text stands. */
void said_line(const struct said *said, const char *id, enum check_result result, const char *text);
/* Fails if there is a line of that id and result. */
void said_no_line(const struct said *said, const char *id, enum check_result result);
/* Fails unless text stands in one of the needs. */
void said_need(const struct said *said, const char *text);

/* The caller frees. */
struct buf der_of(X509 *certificate);
/* Tag and length around content, which is freed; the caller frees the result. */
struct buf element(uint8_t tag, struct buf *content);

#endif
