/*
 * TSTInfo (RFC 3161 2.4.2), both ways.  Pure.
 */
#ifndef TSA_TSP_TSTINFO_H
#define TSA_TSP_TSTINFO_H

#include "tsa/core/bytes.h"
#include "tsa/tsp/alg.h"

enum {
	TSP_SERIAL_LEN = 12, /* instance32 | lease32 | counter32, big-endian */
	TSP_TIME_TEXT = 22, /* YYYYMMDDhhmmss.ssssssZ, without a terminating zero */
	TSP_MAX_TSTINFO = 2048, /* bytes of a TSTInfo of ours */
	/* Of a tsa_name: what is left there beside all other fields at their longest. */
	TSP_MAX_TSA_NAME = 1700,
};

struct tsp_accuracy {
	uint32_t seconds;
	uint16_t millis; /* 1..999, 0: absent */
	uint16_t micros; /* 1..999, 0: absent */
};

struct tsp_tstinfo {
	struct bytes policy; /* content octets of the OID */
	enum tsp_digest digest;
	bool null_params; /* as the request had it (P-16) */
	struct bytes imprint;
	struct bytes
		serial; /* decode: content octets; encode: magnitude, leading zero octets allowed */
	uint64_t time_us; /* genTime, microseconds since 1970 */
	unsigned digits; /* digits of fraction that genTime may carry: at most 6 */
	struct tsp_accuracy accuracy;
	struct bytes nonce; /* content octets of the INTEGER; empty: absent */
	struct bytes tsa_name; /* DER GeneralName inside tsa [0]; empty: absent */
	bool qualified; /* the extension that says so (T-05): esi4-qtstStatement-1 alone */
};

/*
 * Encodes into buf from its end (see der_out) and gives the view; empty if it does not fit, or
 * if info cannot be a TSTInfo: no policy, imprint of the wrong length, serial zero or over 160
 * bits, time past year 9999 or no multiple of its resolution, millis or micros over 999, tsa_name
 * over its limit. Policy, nonce and tsa_name must be well-formed. ordering is never written
 * (P-20).
 */
struct bytes tsp_tstinfo_encode(const struct tsp_tstinfo *info, uint8_t *buf, size_t cap);

/*
 * Strict decoder for a TSTInfo of the service's own kind: version 1, a digest we know, no
 * ordering, no extension but that of qualified. False on anything else. digits gets the digits
 * that are there.
 */
bool tsp_tstinfo_decode(struct bytes der, struct tsp_tstinfo *info);

/*
 * Cuts time_us down to what a genTime of ours with digits of a second's fraction (0, 3, 6) says.
 * With 3 that is a whole second or has all three: DER leaves trailing zeros out (P-18), and there
 * are clients that read one or two digits wrong or not at all, so .430 becomes .429.
 */
uint64_t tsp_time_cut(uint64_t time_us, unsigned digits);

/* GeneralizedTime's text (P-18) of a time before the year 10000; gives its length. */
size_t tsp_time_text(uint64_t time_us, char out[TSP_TIME_TEXT]);

/* By less than so many microseconds tsp_time_cut() cuts. */
uint64_t tsp_time_resolution_us(unsigned digits);

/* Splits milliseconds into the accuracy field. */
struct tsp_accuracy tsp_accuracy_of_ms(uint32_t ms);

#endif
