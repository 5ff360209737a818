/* What lint says to a file of lint_fixture.c. Owns nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"
#include "tools/verify/show.h"
#include "tsa/core/hex.h"

static void collect(void *arg, const char *id, const char *text)
{
	struct lint_said *said = arg;
	size_t ids = strlen(said->ids), used = strlen(said->text);

	(void)snprintf(said->ids + ids, sizeof(said->ids) - ids, "%s%s", ids == 0 ? "" : " ", id);
	(void)snprintf(said->text + used, sizeof(said->text) - used, "%s: %s\n", id, text);
}

void lint_file(struct bytes file, const struct lint_beside *beside, struct lint_said *said)
{
	struct token_file parts;
	struct signer signer;
	uint8_t query[1024];
	size_t query_len = 0;
	struct tsp_request request;
	struct tsp_refusal refusal;
	struct lint_subject subject = { .file = &parts, .signer = &signer };

	*said = (struct lint_said){ 0 };
	subject.profile = beside->profile;
	subject.crls = beside->crls;
	subject.untrusted = beside->untrusted;
	if (beside->query != NULL) {
		assert_true(hex_decode(beside->query, query, sizeof(query), &query_len));
		assert_true(
			tsp_request_decode((struct bytes){ query, query_len }, &request, &refusal));
		subject.query = &request;
		subject.query_imprint = lint_query_imprint((struct bytes){ query, query_len });
	}
	token_file_read(file, &parts);
	signer_find(&parts, beside->untrusted, &signer);
	(void)lint(&subject, collect, said, &said->skipped);
	json_decref(show(&parts, &signer)); /* it can show whatever lint can judge */
	signer_wipe(&signer);
	token_file_wipe(&parts);
}

void lint_expect(
	struct made *made, const struct lint_beside *beside, const char *ids, const char *text)
{
	static const struct lint_beside nothing = { .profile = PROFILE_RFC3161 };
	struct lint_said said;

	lint_file(made_file(made), beside == NULL ? &nothing : beside, &said);
	if (strcmp(said.ids, ids) != 0)
		print_error("wanted '%s', found:\n%s", ids, said.text);
	assert_string_equal(said.ids, ids);
	if (text != NULL && strstr(said.text, text) == NULL)
		fail_msg("wanted '%s' in: %s", text, said.text);
	made_free(made);
}

void lint_run_case(void **state)
{
	const struct lint_case *c = *state;
	const struct lint_beside beside = { .profile = c->profile };
	struct made made = made_new(lint_group());

	made_set(&made, c->part, c->hex);
	lint_expect(&made, &beside, c->ids, c->text);
}
