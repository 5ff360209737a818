/* Judges the answers one by one and puts them into the book. */
#ifndef TSA_TESTS_CHAOS_READ_ANSWERS_H
#define TSA_TESTS_CHAOS_READ_ANSWERS_H

#include "answers.h"
#include "book.h"
#include "token.h"

struct answer_reader {
	struct answers *answers;
	struct token_judge *judge;
	uint64_t accuracy_us;
	uint64_t granted;
	uint64_t refused;
	uint64_t worst_us; /* how far a genTime was outside of [sent, received], at most */
};

/* The next answer of the file; a violation is a finding. */
enum answers_read answer_reader_step(struct answer_reader *r, struct book *book, struct err *err);

#endif
