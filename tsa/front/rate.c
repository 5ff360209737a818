/* Owns the table of buckets. */
#include "tsa/front/rate.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tsa/core/bytes.h"

enum {
	SETS = 4096, /* an address has its place in one of them */
	WAYS = 8, /* places of a set: 32,768 addresses in all, 768 KiB */
	ONE = 1000, /* what a request costs: a bucket counts thousandths */
	BURST_S = 2,
	PREFIX_LEN = 8, /* octets of an IPv6 /64 */
};

/* No IPv6 source address starts with ffff: multicast. */
#define IS_V4 (UINT64_C(0xffff) << 48)

struct bucket {
	uint64_t client; /* 0: free */
	uint64_t seen_ms;
	uint64_t left;
};

struct rate {
	uint32_t per_s;
	uint64_t seed;
	struct bucket bucket[SETS][WAYS];
};

struct rate *rate_new(uint32_t per_s, uint64_t seed)
{
	struct rate *rate;

	if (per_s == 0)
		return NULL;
	rate = must_calloc(1, sizeof(*rate));
	rate->per_s = per_s;
	rate->seed = seed;
	return rate;
}

void rate_free(struct rate *rate)
{
	free(rate);
}

static uint64_t number_of(const uint8_t *octets, size_t count)
{
	uint64_t number = 0;

	for (size_t i = 0; i < count; i++)
		number = number << 8 | octets[i];
	return number;
}

/* What tells clients apart; 0: not to be limited. */
static uint64_t client_of(const struct sockaddr *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291 2.5.5.2 */
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint64_t prefix;

	if (address == NULL)
		return 0;
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return IS_V4 | ntohl(v4.sin_addr.s_addr);
	}
	if (address->sa_family != AF_INET6)
		return 0;
	memcpy(&v6, address, sizeof(v6));
	if (memcmp(v6.sin6_addr.s6_addr, mapped, sizeof(mapped)) == 0)
		return IS_V4 | number_of(v6.sin6_addr.s6_addr + sizeof(mapped), 4);
	prefix = number_of(v6.sin6_addr.s6_addr, PREFIX_LEN);
	/* ::1 and its like are one client as well; nobody else has 0:0:0:1::/64 (RFC 4291 2.4). */
	return prefix == 0 ? 1 : prefix;
}

/* So that nobody can choose addresses that share a set (Steele and others' SplitMix64). */
static size_t set_of(const struct rate *rate, uint64_t client)
{
	uint64_t z = client ^ rate->seed;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((z ^ z >> 31) % SETS);
}

/* The bucket of client: its own, or a full one in the place of the one not seen for longest. */
static struct bucket *bucket_of(struct rate *rate, uint64_t client, uint64_t now_ms)
{
	struct bucket *set = rate->bucket[set_of(rate, client)];
	struct bucket *oldest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].client == client)
			return &set[i];
		if (set[i].seen_ms < oldest->seen_ms)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ client, now_ms, (uint64_t)rate->per_s * BURST_S * ONE };
	return oldest;
}

static void refill(const struct rate *rate, struct bucket *bucket, uint64_t now_ms)
{
	const uint64_t full = (uint64_t)rate->per_s * BURST_S * ONE;
	uint64_t passed_ms = now_ms - bucket->seen_ms;

	/* A thousandth of a request for each of per_s and millisecond. */
	if (passed_ms >= BURST_S * 1000 || bucket->left + passed_ms * rate->per_s > full)
		bucket->left = full;
	else
		bucket->left += passed_ms * rate->per_s;
	bucket->seen_ms = now_ms;
}

unsigned rate_take(struct rate *rate, const struct sockaddr *address, uint64_t now_ms)
{
	uint64_t client = rate == NULL ? 0 : client_of(address);
	struct bucket *bucket;
	uint64_t wait_ms;

	if (client == 0)
		return 0;
	bucket = bucket_of(rate, client, now_ms);
	refill(rate, bucket, now_ms);
	if (bucket->left >= ONE) {
		bucket->left -= ONE;
		return 0;
	}
	wait_ms = (ONE - bucket->left + rate->per_s - 1) / rate->per_s;
	return (unsigned)((wait_ms + 999) / 1000);
}
