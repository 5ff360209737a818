/*
 * The data that a token should be over, as its digests: of a file, streamed once for each
 * algorithm that is asked for; or a digest that was given.
 */
#ifndef TSA_TOOLS_VERIFY_DATA_H
#define TSA_TOOLS_VERIFY_DATA_H

#include <openssl/evp.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

struct data;

/*
 * Opens the file; "-" is standard input. What cannot be read twice is read at once, with every
 * digest. NULL and err if it cannot be. The caller frees.
 */
struct data *data_of_file(const char *path, struct err *err);
/* The digest of the data by a digest of that length whatever it is called. The caller frees. */
struct data *data_of_digest(struct bytes digest);
/* The digest of the data by that algorithm (NID). The caller frees. */
struct data *data_of_imprint(int digest, struct bytes value);
void data_free(struct data *data);

/* A token_digest_of; arg is the data. 0 if they are not at hand in that digest. */
unsigned data_digest(void *arg, const EVP_MD *digest, uint8_t *out);
/* True and err if the file could not be read to its end: no digest of it is given. */
bool data_failed(const struct data *data, struct err *err);

#endif
