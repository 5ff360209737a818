/* What the files that take a token apart share. */
#ifndef TSA_TOKEN_READ_TOKEN_PART_H
#define TSA_TOKEN_READ_TOKEN_PART_H

#include "token_file.h"

/* Reads a TSTInfo, which is borrowed; what is wrong is in tst->broken. */
void tst_read(struct bytes in, struct tst_part *tst);

#endif
