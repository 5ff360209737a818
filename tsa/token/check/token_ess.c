/* Row 8 of longterm.md 1.1 for all the certificate IDs behind the first.  Owns nothing. */
#include "token_part.h"
#include "tsa/token/read/ess.h"

static bool is_on_path(const struct token_file *file, const struct ess_id *id,
	const struct material_item *const *path, unsigned length)
{
	struct err ignored = { 0 };

	for (unsigned i = 0; i < length; i++)
		if (ess_is(file, id, path[i]->certificate, &ignored))
			return true;
	return false;
}

bool token_ess_is_read(const struct token_facts *facts, struct err *found)
{
	for (int v2 = 0; v2 < 2; v2++) {
		for (unsigned n = 0;; n++) {
			struct ess_id id;
			enum ess_state state = ess_get(&facts->file, v2 == 1, n, &id);

			if (state == ESS_ABSENT)
				break;
			if (state == ESS_MALFORMED)
				return err_set(found,
					"signingCertificate%s is malformed, or there again",
					v2 == 1 ? "V2" : "");
			if (n == TOKEN_MAX_ESS_IDS)
				return err_set(found, "signingCertificate%s has more than %d",
					v2 == 1 ? "V2" : "", TOKEN_MAX_ESS_IDS);
		}
	}
	return true;
}

bool token_ess_restricts(const struct token_facts *facts, const struct material_item *const *path,
	unsigned length, struct err *found)
{
	for (int v2 = 0; v2 < 2; v2++) {
		struct ess_id id;

		for (unsigned n = 1; n < TOKEN_MAX_ESS_IDS &&
				     ess_get(&facts->file, v2 == 1, n, &id) != ESS_ABSENT;
			n++)
			if (!is_on_path(&facts->file, &id, path, length))
				return err_set(found,
					"RFC 5035 5.4: every certificate ID is of a certificate on "
					"the path: number %u of signingCertificate%s is not",
					n + 1, v2 == 1 ? "V2" : "");
	}
	return true;
}
