/* What the files report*.c share. */
#ifndef TSA_TOOLS_VERIFY_REPORT_PART_H
#define TSA_TOOLS_VERIFY_REPORT_PART_H

#include "report.h"

json_t *report_json_hash(const uint8_t sha256[MATERIAL_HASH]);
/* A string; null for NULL and "". */
json_t *report_json_text(const char *text);
/* Members token and signer; null if there is no certificate of the signer. */
json_t *report_json_token(const struct token_facts *facts);
json_t *report_json_signer(const struct token_facts *facts);
/* The lines of a verdict, each with its result and ID. */
void report_put_checks(const struct verdict *verdict, FILE *out);

#endif
