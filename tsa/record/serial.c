/* Owns nothing; the order of a serial's octets. */
#include "tsa/record/serial.h"

#include "tsa/core/bytes.h"

void serial_encode(struct serial s, uint8_t out[SERIAL_LEN])
{
	struct writer w = { .at = out, .cap = SERIAL_LEN };

	writer_u32(&w, s.instance);
	writer_u32(&w, s.lease);
	writer_u32(&w, s.ctr);
}

struct serial serial_decode(const uint8_t in[SERIAL_LEN])
{
	struct reader r = { .rest = { in, SERIAL_LEN } };
	struct serial s;

	s.instance = reader_u32(&r);
	s.lease = reader_u32(&r);
	s.ctr = reader_u32(&r);
	return s;
}

bool serial_instance_valid(uint32_t instance)
{
	/* X.690 8.3.2: the first nine bits of an INTEGER are neither all zero nor all one. */
	return instance >> 24 != 0 && instance >> 31 == 0;
}
