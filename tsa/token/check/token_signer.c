/* Rows 6 to 9 of longterm.md 1.1: who signed, and is it so?  Owns nothing. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "named.h"
#include "path.h"
#include "signature.h"
#include "token_part.h"
#include "tsa/core/hex.h"
#include "tsa/token/read/ess.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum { SHOWN_OCTETS = 64, SHOWN_NAME = 160 };

/* --- row 7: the certificate --------------------------------------------------------------------*/

/* What the best of the candidates is. */
struct search {
	struct token_run *run;
	struct named_sid sid;
	struct token_found found;
};

/* True if it is the one; the first that only the sid names is kept till there is a better one. */
static bool is_the_one(struct search *search, const struct material_item *item, bool is_embedded)
{
	struct token_facts *facts = search->run->facts;
	struct err why = { 0 };

	if (!named_sid_is(&search->sid, item->certificate))
		return false;
	search->found.by_ess = ess_names_signer(&facts->file, item->certificate, &why);
	if (facts->signer != NULL && search->found.by_ess)
		search->found.twin = true;
	if (facts->signer == NULL || search->found.by_ess) {
		facts->signer = item;
		facts->signer_is_embedded = is_embedded;
		search->found.why = why;
	}
	return search->found.by_ess;
}

static bool search_carried(struct search *search)
{
	struct token_run *run = search->run;

	for (unsigned i = 0; i < run->carried_count; i++)
		if (is_the_one(search, run->carried[i], true))
			return true;
	return false;
}

static bool search_material(struct search *search)
{
	const struct material_item *item;
	size_t at = 0;

	while ((item = material_next(search->run->material, MATERIAL_CERTIFICATE, &at)) != NULL)
		if (is_the_one(search, item, false))
			return true;
	return false;
}

/* ESSCertID can be read, and names another certificate than those with the signer's sid. */
static bool names_another(const struct token_facts *facts)
{
	struct ess_id id;
	enum ess_state v1 = ess_get(&facts->file, false, 0, &id);
	enum ess_state v2 = ess_get(&facts->file, true, 0, &id);

	return v1 != ESS_MALFORMED && v2 != ESS_MALFORMED && (v1 == ESS_THERE || v2 == ESS_THERE);
}

/* The hash of either certificate ID is the certificate's, whatever else is not. */
static bool has_hash_of(const struct token_facts *facts, const struct material_item *item)
{
	struct err ignored = { 0 };

	for (int v2 = 0; v2 < 2; v2++) {
		struct ess_id id;

		if (ess_get(&facts->file, v2 == 1, 0, &id) != ESS_THERE)
			continue;
		id.issuer_serial = NULL;
		if (ess_is(&facts->file, &id, item->certificate, &ignored))
			return true;
	}
	return false;
}

/* What was signed contradicts itself: no certificate can be the one that all of it names. */
static bool is_contradiction(const struct token_run *run)
{
	if (has_hash_of(run->facts, run->facts->signer))
		return true;
	for (unsigned i = 0; i < run->carried_count; i++)
		if (has_hash_of(run->facts, run->carried[i]))
			return true;
	return false;
}

/* An anchor vouches for it, apart from any time. */
static bool is_vouched_for(const struct token_run *run, const struct material_item *item)
{
	struct paths paths;

	paths_find(run->material, item, NID_time_stamp, &paths);
	return paths.count > 0;
}

/*
 * Only the sid is the certificate's. A CA gives a serial number to one certificate: that ESSCertID
 * is another's is then a flaw of the token (row 8). But anyone can put a certificate of that number
 * into a token, and a key may have several certificates: the right one may just not be at hand.
 */
static bool is_flaw(const struct token_run *run, bool by_key)
{
	return is_contradiction(run) || (!by_key && is_vouched_for(run, run->facts->signer));
}

struct token_found token_find_signer(struct token_run *run)
{
	struct search search = { .run = run };

	if (named_sid_read(&run->facts->file, &search.sid) && !search_carried(&search))
		(void)search_material(&search);
	if (run->facts->signer != NULL && !search.found.by_ess && names_another(run->facts) &&
		!is_flaw(run, search.sid.key_id != NULL)) {
		run->facts->signer = NULL;
		search.found.twin = true;
	}
	named_sid_wipe(&search.sid);
	return search.found;
}

/* "a1b2…" of at most SHOWN_OCTETS. */
static const char *hex_text(struct bytes octets, char out[2 * SHOWN_OCTETS + 1])
{
	if (octets.len > SHOWN_OCTETS)
		octets.len = SHOWN_OCTETS;
	hex_encode(octets, out);
	return out;
}

/* ", whose sha256 hash is …" */
static void ess_text(const struct token_file *file, char *out, size_t cap)
{
	struct ess_id id;
	char hex[2 * SHOWN_OCTETS + 1];
	bool is_v2 = ess_get(file, true, 0, &id) == ESS_THERE;
	const char *name;

	out[0] = '\0';
	if (!is_v2 && ess_get(file, false, 0, &id) != ESS_THERE)
		return;
	name = oid_name(id.algorithm);
	(void)snprintf(out, cap, ", whose %.40s hash is %s", name == NULL ? id.algorithm : name,
		hex_text(id.hash, hex));
}

static void fail_not_found(struct token_run *run, bool twin)
{
	struct named_sid sid;
	char issuer[VERDICT_TEXT] = "";
	char hex[2 * SHOWN_OCTETS + 1];
	char hash[64 + 2 * SHOWN_OCTETS];
	bool is_read = named_sid_read(&run->facts->file, &sid);

	if (!is_read) {
		(void)verdict_fail(run->verdict, "V-07", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 5.3: sid is issuerAndSerialNumber or subjectKeyIdentifier: it is "
			"neither");
		named_sid_wipe(&sid);
		return;
	}
	(void)verdict_fail(run->verdict, "V-07", CHECK_INDETERMINATE,
		SUB_NO_SIGNING_CERTIFICATE_FOUND,
		"RFC 3161 2.4.1: the signer's certificate is at hand: it is neither in the token "
		"nor given%s",
		twin ? "; another that has its sid is, but its hash is not the one that was signed"
		     : "");
	ess_text(&run->facts->file, hash, sizeof(hash));
	if (sid.key_id != NULL) {
		verdict_need(run->verdict, "the signer's certificate, of the key identifier %s%s",
			hex_text(sid.key_id->content, hex), hash);
	} else {
		if (named_sid_issuer(&sid) != NULL)
			path_name(named_sid_issuer(&sid), SHOWN_NAME, issuer);
		verdict_need(run->verdict,
			"the signer's certificate, with the serial number 0x%s by %s%s",
			hex_text(sid.serial->content, hex), issuer, hash);
	}
	named_sid_wipe(&sid);
}

/* --- rows 8 and 9: ESSCertID -------------------------------------------------------------------*/

static void check_ess(struct token_run *run, const struct token_found *found)
{
	const struct token_file *file = &run->facts->file;
	struct ess_id id;
	enum ess_state v1 = ess_get(file, false, 0, &id);
	enum ess_state v2 = ess_get(file, true, 0, &id);
	struct err malformed = { 0 };

	if (!token_ess_is_read(run->facts, &malformed)) {
		(void)verdict_fail(run->verdict, "V-08", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
			"RFC 5816 2.2.1: signingCertificate and signingCertificateV2 are there once "
			"at most, with one value of certificate IDs: %.200s",
			malformed.text);
	} else if (v1 == ESS_ABSENT && v2 == ESS_ABSENT) {
		(void)verdict_fail(run->verdict, "V-08", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
			"RFC 5816 2.2.1: signingCertificate or signingCertificateV2 is a signed "
			"attribute: there is neither");
	} else if (run->facts->signer == NULL) {
		verdict_line(run->verdict, "V-08", CHECK_SKIP,
			"the first certificate ID: there is no certificate to hold it against");
	} else if (!found->by_ess) {
		(void)verdict_fail(run->verdict, "V-08", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
			"RFC 5035 5.4: the first certificate ID is the signer's: %.200s",
			found->why.text);
	} else {
		verdict_line(run->verdict, "V-08", CHECK_PASS,
			"signingCertificate%s names the signer's certificate first",
			v2 == ESS_ABSENT   ? ""
			: v1 == ESS_ABSENT ? "V2"
					   : " and signingCertificateV2");
	}
}

static void check_ess_digest(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	struct ess_id id;

	if (ess_get(file, true, 0, &id) == ESS_THERE && strcmp(id.algorithm, OID_SHA1) != 0)
		verdict_line(run->verdict, "V-09", CHECK_PASS,
			"the certificate ID has a digest stronger than SHA-1");
	else if (ess_get(file, true, 0, &id) == ESS_THERE ||
		 ess_get(file, false, 0, &id) == ESS_THERE)
		verdict_line(run->verdict, "V-09", CHECK_WARN,
			"RFC 5816 2.2.1: the certificate ID has a digest stronger than SHA-1: it "
			"has SHA-1, and holds as strong as the signature over it");
	else
		verdict_line(run->verdict, "V-09", CHECK_SKIP, "there is no certificate ID");
}

void token_rows_signer(struct token_run *run, const struct token_found *found)
{
	if (run->facts->signer == NULL)
		fail_not_found(run, found->twin);
	else
		verdict_line(run->verdict, "V-07", CHECK_PASS,
			"the certificate that sid names is %s",
			run->facts->signer_is_embedded ? "in the token" : "given");
	if (run->facts->signer != NULL && found->twin)
		verdict_line(run->verdict, "V-07", CHECK_WARN,
			"another certificate that has its sid was left aside: its hash is not the "
			"one that was signed");
	check_ess(run, found);
	check_ess_digest(run);
}

/* --- row 6: digest and signature ---------------------------------------------------------------*/

static bool fail_signature(struct token_run *run, const char *rule, const struct err *found)
{
	return verdict_fail(run->verdict, "V-06", CHECK_FAILED, SUB_SIG_CRYPTO_FAILURE, "%s: %s",
		rule, found->text);
}

/* What OpenSSL verified with is digestAlgorithm; that the other field differs harms nobody. */
static void note_digests(struct token_run *run, int named)
{
	int digest = run->facts->signature_digest;

	if (named != NID_undef && named != digest)
		verdict_line(run->verdict, "V-06", CHECK_WARN,
			"RFC 8933 3: signature and attributes use one digest: digestAlgorithm is "
			"%s, signatureAlgorithm names %s",
			OBJ_nid2sn(digest), OBJ_nid2sn(named));
}

static bool check_signature(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	X509 *certificate = run->facts->signer->certificate;
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	int kind = key == NULL ? NID_undef : EVP_PKEY_get_base_id(key);
	struct err found = { 0 };
	int digest, wanted;

	signature_algorithm(file, &digest, &wanted);
	if (key != NULL && kind != wanted && !(kind == EVP_PKEY_RSA_PSS && wanted == EVP_PKEY_RSA))
		return verdict_fail(run->verdict, "V-06", CHECK_FAILED, SUB_SIG_CRYPTO_FAILURE,
			"RFC 5652 5.3: signatureAlgorithm is one of the signer's key: the key is "
			"%s",
			OBJ_nid2sn(kind));
	if (!signature_by(file, certificate, &found))
		return fail_signature(
			run, "RFC 5652 5.6: the signature verifies with the signer's key", &found);
	note_digests(run, digest);
	return true;
}

void token_rows_signature(struct token_run *run)
{
	struct token_facts *facts = run->facts;
	const struct token_file *file = &facts->file;
	const struct signer_part *signer = &file->cms.signer;
	const EVP_MD *md = signature_digest(file);
	struct err found = { 0 };
	bool ok = true;

	facts->signature_digest = md == NULL ? NID_undef : EVP_MD_get_type(md);
	facts->signature_scheme =
		oid_nid(token_algorithm(&file->tree, signer->signature_algorithm));
	if (signer->signed_attrs == NULL) {
		verdict_line(run->verdict, "V-06", CHECK_SKIP,
			"digest and signature: there are no signed attributes");
		return;
	}
	if (!signature_message_digest(file, &found))
		ok = verdict_fail(run->verdict, "V-06", CHECK_FAILED, SUB_HASH_FAILURE,
			"RFC 5652 11.2: attribute messageDigest is that of eContent: %s",
			found.text);
	if (!signature_protection(file, &found))
		ok = fail_signature(
			run, "RFC 6211 2: CMSAlgorithmProtection repeats the algorithms", &found);
	if (facts->signer == NULL) {
		verdict_line(run->verdict, "V-06", CHECK_SKIP,
			"the signature: there is no certificate to verify it with");
		return;
	}
	if (!check_signature(run) || !ok)
		return;
	verdict_line(run->verdict, "V-06", CHECK_PASS,
		"the signature (%s, %s) is by the signer's key, over the digest of TSTInfo",
		OBJ_nid2sn(facts->signature_scheme), OBJ_nid2sn(facts->signature_digest));
}
