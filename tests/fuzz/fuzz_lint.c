/*
 * tsa-verify: whatever comes, reading, judging under every profile and showing end, and what is
 * clean is one of ours: TimeStampResp or token with one signer that verifies, in DER to the end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tools/verify/lint.h"
#include "tools/verify/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a report would do with it: read each octet. */
static void look(void *arg, const char *id, const char *text)
{
	size_t *octets = arg;

	while (*id != '\0' && *id++ != ' ')
		(*octets)++;
	while (*text++ != '\0')
		(*octets)++;
}

/* A token without findings is whole: nothing of it may be missing. */
static void check_clean(const struct token_file *file, const struct signer *signer)
{
	bool is_refusal = file->kind == TOKEN_RESPONSE && file->reply.token == NULL;

	if (file->kind == TOKEN_NEITHER || file->tree.rest.len > 0)
		abort();
	if (!is_refusal && (!file->tst.decoded || file->cms.signer_count != 1))
		abort();
	if (signer->certificate != NULL && !signer->signature_is_good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token_file file;
	struct signer signer;
	struct lint_subject subject = { .file = &file, .signer = &signer };
	json_t *shown;
	size_t octets = 0;

	token_file_read((struct bytes){ data, size }, &file);
	signer_find(&file, NULL, &signer);
	for (int profile = 0; profile < PROFILES; profile++) {
		unsigned skipped;
		size_t before = octets;
		unsigned findings;

		subject.profile = (enum profile)profile;
		findings = lint(&subject, look, &octets, &skipped);
		if ((findings == 0) != (octets == before))
			abort();
		if (findings == 0)
			check_clean(&file, &signer);
	}
	shown = show(&file, &signer);
	if (json_object_size(shown) == 0)
		abort();
	json_decref(shown);
	signer_wipe(&signer);
	token_file_wipe(&file);
	return 0;
}
