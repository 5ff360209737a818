/* Owns nothing: the input is the fuzzer's. */
#include "authority_program.h"

#include <string.h>

#include "tsa/core/msg.h"
#include "tsa/tsp/alg.h"

static struct {
	const uint8_t *at;
	size_t left;
} program;

void program_begin(const uint8_t *data, size_t size)
{
	program.at = data;
	program.left = size;
}

bool program_is_at_end(void)
{
	return program.left == 0;
}

uint8_t program_u8(void)
{
	if (program.left == 0)
		return 0;
	program.left--;
	return *program.at++;
}

struct bytes program_take(size_t len)
{
	struct bytes taken = { program.at, len < program.left ? len : program.left };

	program.at += taken.len;
	program.left -= taken.len;
	return taken;
}

/* Good for small values, anything for others. */
static uint8_t good_or(uint8_t byte, uint8_t good, uint8_t bad)
{
	return byte < 224 ? good : (uint8_t)(bad ^ byte);
}

static void put_oid(struct writer *w, uint8_t policy)
{
	static const uint8_t known[] = { 0x2a, 0x03, 0x04 };

	if (policy < 64) {
		writer_u8(w, 0);
		return;
	}
	writer_u8(w, policy < 224 ? 4 : policy % 40);
	writer_raw(w, (struct bytes){ known, sizeof(known) });
	writer_u8(w, policy < 128 ? 0x05 : policy < 192 ? 0x06 : 0x07);
	for (int i = 4; policy >= 224 && i < policy % 40; i++)
		writer_u8(w, policy);
}

static void put_filled(struct writer *w, size_t len, uint8_t first)
{
	uint8_t filled[300];

	memset(filled, first ^ 0x5a, sizeof(filled));
	filled[0] = first;
	writer_bytes(w, (struct bytes){ filled, len });
}

/* Written field by field: values over a limit must be possible. */
struct bytes program_issue(uint64_t (*id)(uint8_t how), uint8_t room[PROGRAM_ISSUE_ROOM])
{
	static const uint8_t lens[] = { 32, 48, 64 };
	struct writer w = { .at = room, .cap = PROGRAM_ISSUE_ROOM };
	uint8_t endpoint = program_u8();
	uint8_t digest = program_u8();
	uint8_t imprint = program_u8();
	uint8_t policy = program_u8();
	uint8_t nonce = program_u8();
	uint8_t flags = program_u8();

	writer_u8(&w, MSG_ISSUE);
	writer_u64(&w, id(program_u8()));
	writer_u8(&w, good_or(endpoint, endpoint % 2, 0));
	writer_u8(&w, good_or(digest, (uint8_t)(TSP_SHA256 + digest % 3), 1));
	writer_u8(&w, good_or(flags, flags >> 1 & 1, 0));
	writer_u8(&w, good_or(flags, flags & 1, 0));
	put_oid(&w, policy);
	put_filled(&w, good_or(imprint, lens[digest % 3], 220), imprint);
	put_filled(&w, good_or(nonce, nonce % 65, 0), nonce);
	return (struct bytes){ room, writer_done(&w) };
}
