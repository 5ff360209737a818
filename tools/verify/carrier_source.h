/* A file that is too large to be read whole: parts of it, each checked against its size. */
#ifndef TSA_TOOLS_VERIFY_CARRIER_SOURCE_H
#define TSA_TOOLS_VERIFY_CARRIER_SOURCE_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

#define CARRIER_MAX_FILE (UINT64_C(1) << 30) /* octets */

/* Either a descriptor or memory, which is borrowed. */
struct carrier_source {
	int fd; /* -1: memory */
	uint64_t size;
	struct bytes memory;
};

/* Opens a regular file of at most CARRIER_MAX_FILE. carrier_source_close() in both cases. */
MUST_CHECK bool carrier_source_open(
	const char *path, struct carrier_source *source, struct err *err);
void carrier_source_close(struct carrier_source *source);
/* The same over memory; needs no closing. */
struct carrier_source carrier_source_of(struct bytes memory);
/* True if size octets at offset are inside. */
bool carrier_source_has(const struct carrier_source *source, uint64_t offset, uint64_t size);
/* Reads them into out; false if they are not inside, or the file has become shorter. */
MUST_CHECK bool carrier_source_read(const struct carrier_source *source, uint64_t offset,
	size_t size, uint8_t *out, struct err *err);
/* Appends them to out. The caller has checked size against a limit of its own. */
MUST_CHECK bool carrier_source_append(const struct carrier_source *source, uint64_t offset,
	size_t size, struct buf *out, struct err *err);

/* Little-endian numbers of PE and ZIP. */
uint16_t carrier_le16(const uint8_t *at);
uint32_t carrier_le32(const uint8_t *at);
uint64_t carrier_le64(const uint8_t *at);

#endif
