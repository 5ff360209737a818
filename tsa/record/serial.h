/*
 * Serial numbers (design D3): instance32 | lease32 | counter32, big-endian, 12 octets.
 * The instance's top bit is 0 and its top byte is not, so that the DER INTEGER has exactly 12
 * content octets.
 */
#ifndef TSA_RECORD_SERIAL_H
#define TSA_RECORD_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum { SERIAL_LEN = 12 };

struct serial {
	uint32_t instance;
	uint32_t lease;
	uint32_t ctr;
};

void serial_encode(struct serial s, uint8_t out[SERIAL_LEN]);
struct serial serial_decode(const uint8_t in[SERIAL_LEN]);
/* True for an instance that keeps the rule above. */
bool serial_instance_valid(uint32_t instance);

#endif
