/* A token or response field by field, as JSON that text_print() prints. Judges nothing. */
#ifndef TSA_TOOLS_VERIFY_SHOW_H
#define TSA_TOOLS_VERIFY_SHOW_H

#include <jansson.h>

#include "signer.h"

/*
 * Everything that is there; where it cannot be read, "broken" says why. The caller frees
 * (json_decref).
 */
json_t *show(const struct token_file *file, const struct signer *signer);

#endif
