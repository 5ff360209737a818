/* What the files show*.c share. */
#ifndef TSA_TOOLS_VERIFY_SHOW_PART_H
#define TSA_TOOLS_VERIFY_SHOW_PART_H

#include "show.h"

/* "1.2.840 (name)"; null if node is NULL or no OID. */
json_t *show_oid(const struct ber_node *node);
/* The same from dotted text. */
json_t *show_dotted(const char *dotted);
/* The algorithm of an AlgorithmIdentifier. */
json_t *show_algorithm(const struct ber *tree, const struct ber_node *algorithm);
/* INTEGER: as a number where it fits, else "0x...". null if node is NULL. */
json_t *show_integer(const struct ber_node *node);
/* "0x..." whatever its size, with a sign. */
json_t *show_serial(struct bytes content);
json_t *show_moment(const struct moment *moment);
/* DER of a Name as RFC 2253 text; "malformed". */
json_t *show_name(struct bytes der);
/* DER of a GeneralName. */
json_t *show_general_name(struct bytes der);

/* The status of a response. */
json_t *show_reply(const struct token_file *file);
json_t *show_tst(const struct tst_part *tst);
json_t *show_certificates(const struct token_file *file, const struct signer *signer);
json_t *show_signer(const struct token_file *file, const struct signer *signer);

#endif
