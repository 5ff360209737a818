/* Row 8 of longterm.md 1.1 for the certificate IDs behind the first.  Owns nothing. */
#include <string.h>

#include <openssl/evp.h>

#include "token_part.h"
#include "tsa/token/read/ess.h"
#include "tsa/tsp/der.h"

enum {
	V1_ATTRIBUTES = DER_CONTEXT_CONSTRUCTED | 1, /* CertificateChoices, RFC 5652 10.2.2 */
	V2_ATTRIBUTES = DER_CONTEXT_CONSTRUCTED | 2,
	MAX_ATTRIBUTE_LOOKS = 8, /* attribute certificates of a token, for one ID */
};

/* ess_is() without hashing those that have another SHA-256. */
static bool is_of(
	const struct token_file *file, const struct ess_id *id, const struct material_item *item)
{
	struct err ignored = { 0 };

	if (strcmp(id->algorithm, OID_SHA256) == 0 &&
		!bytes_equal(id->hash, (struct bytes){ item->sha256, MATERIAL_HASH }))
		return false;
	return ess_is(file, id, item->certificate, &ignored);
}

static bool is_on_path(const struct token_file *file, const struct ess_id *id,
	const struct material_item *const *path, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		if (is_of(file, id, path[i]))
			return true;
	return false;
}

/* The hash of an attribute certificate is over it as it is elsewhere: with its own tag. */
static bool has_hash(const struct ess_id *id, struct bytes tagged)
{
	int nid = OBJ_txt2nid(id->algorithm);
	const EVP_MD *md = nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct buf octets = { 0 };
	unsigned len = 0;

	if (md == NULL)
		return false;
	buf_append(&octets, tagged);
	octets.at[0] = DER_SEQUENCE;
	if (EVP_Digest(octets.at, octets.len, digest, &len, md, NULL) != 1)
		len = 0;
	buf_free(&octets);
	return bytes_equal(id->hash, (struct bytes){ digest, len });
}

/* RFC 2634 5.4 lets IDs be of attribute certificates: those that the token carries (PostSignum). */
static bool is_attribute_certificate(const struct token_file *file, const struct ess_id *id)
{
	struct ber_walk walk = ber_inside(&file->tree, file->cms.certificates);
	unsigned looks = 0;

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		if (node->tag != V1_ATTRIBUTES && node->tag != V2_ATTRIBUTES)
			continue;
		if (looks++ == MAX_ATTRIBUTE_LOOKS)
			return false;
		if (has_hash(id, node->whole))
			return true;
	}
	return false;
}

static bool is_at_hand(
	const struct token_file *file, const struct ess_id *id, const struct material *material)
{
	const struct material_item *item;
	size_t at = 0;

	for (unsigned looks = 0; looks < TOKEN_MAX_ESS_LOOKS; looks++) {
		item = material_next(material, MATERIAL_CERTIFICATE, &at);
		if (item == NULL)
			return false;
		if (is_of(file, id, item))
			return true;
	}
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

enum token_ids token_ess_restricts(const struct token_facts *facts, const struct material *material,
	const struct material_item *const *path, unsigned length, struct err *found)
{
	enum token_ids worst = TOKEN_IDS_FIT;

	for (int v2 = 0; v2 < 2; v2++) {
		for (unsigned n = 1;; n++) {
			struct ess_id id;
			enum ess_state state = ess_get(&facts->file, v2 == 1, n, &id);
			enum token_ids now;

			if (state == ESS_ABSENT)
				break;
			if (state == ESS_THERE && n <= TOKEN_MAX_ESS_IDS &&
				(is_on_path(&facts->file, &id, path, length) ||
					is_attribute_certificate(&facts->file, &id)))
				continue;
			if (state == ESS_MALFORMED || n > TOKEN_MAX_ESS_IDS)
				now = TOKEN_IDS_MALFORMED;
			else
				now = is_at_hand(&facts->file, &id, material) ? TOKEN_IDS_ELSEWHERE
									      : TOKEN_IDS_UNKNOWN;
			if (now <= worst)
				continue;
			worst = now;
			(void)err_set(found,
				"RFC 5035 5.4: every certificate ID is of a certificate on the "
				"path: number %u of signingCertificate%s is %s",
				n + 1, v2 == 1 ? "V2" : "",
				now == TOKEN_IDS_MALFORMED   ? "none, or one too many"
				: now == TOKEN_IDS_ELSEWHERE ? "of one that is not on it"
							     : "of none that is at hand");
			if (now == TOKEN_IDS_MALFORMED)
				return now;
		}
	}
	return worst;
}
