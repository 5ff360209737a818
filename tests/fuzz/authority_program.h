/* The input of fuzz_authority, read byte by byte, and the requests that its operands describe. */
#ifndef TSA_TESTS_FUZZ_AUTHORITY_PROGRAM_H
#define TSA_TESTS_FUZZ_AUTHORITY_PROGRAM_H

#include "tsa/core/bytes.h"

enum { PROGRAM_ISSUE_ROOM = 1024 };

/* Borrows data until the next call. */
void program_begin(const uint8_t *data, size_t size);
bool program_is_at_end(void);
/* The next byte; 0 after the end. */
uint8_t program_u8(void);
/* The next bytes, as many as there are. */
struct bytes program_take(size_t len);

/*
 * An ISSUE from seven operands: endpoint, digest, imprint, policy, nonce, flags, and how the id is
 * found, which id is called with. Good for small values of each, anything for others.
 */
struct bytes program_issue(uint64_t (*id)(uint8_t how), uint8_t room[PROGRAM_ISSUE_ROOM]);

#endif
