/* The order of rows 1 to 15 of longterm.md 1.1.  Owns what struct token_facts owns. */
#include "token.h"

#include <openssl/err.h>

#include "material_part.h"
#include "token_part.h"

/* A proof of the whole response is one of the token in it. */
static void note_inside(struct token_run *run, struct bytes token)
{
	uint8_t response[MATERIAL_HASH];

	cache_sha256(run->material->cache, token, (struct bytes){ 0 }, run->facts->sha256);
	if (run->facts->file.kind != TOKEN_RESPONSE)
		return;
	cache_sha256(run->material->cache, run->in, (struct bytes){ 0 }, response);
	material_add_inside(run->material, run->facts->sha256, response);
}

void token_check(struct bytes in, const struct token_wants *wants, struct material *material,
	struct token_facts *facts, struct verdict *verdict)
{
	struct token_run run = {
		.in = in,
		.wants = wants,
		.material = material,
		.facts = facts,
		.verdict = verdict,
	};
	struct token_found found;

	*facts = (struct token_facts){ .accuracy_us = -1 };
	token_file_read(in, &facts->file);
	if (facts->file.cms.whole != NULL)
		note_inside(&run, facts->file.cms.whole->whole);
	if (!token_rows_format(&run))
		return;
	token_carried(&run);
	found = token_find_signer(&run);
	token_rows_attributes(&run);
	token_rows_signature(&run);
	token_rows_signer(&run, &found);
	token_rows_usage(&run);
	token_rows_tst(&run);
	ERR_clear_error();
}

void token_wipe(struct token_facts *facts)
{
	token_file_wipe(&facts->file);
	*facts = (struct token_facts){ 0 };
}
