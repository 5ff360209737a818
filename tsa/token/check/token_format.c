/* Rows 1 to 5 of longterm.md 1.1: is it a token at all, and its signature in form?  Owns nothing.
 */
#include "token_part.h"

#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

/* RFC 3161 2.4.2 */
enum { GRANTED = 0, GRANTED_WITH_MODS = 1 };

/* CMSVersion, RFC 5652 5.1 and 5.3 */
enum { WITH_OTHER = 5, WITH_V2_ATTRIBUTES = 4, OF_TOKEN = 3, BY_ISSUER = 1, BY_KEY_ID = 3 };

static bool is_indefinite(const struct ber *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->nodes[i].indefinite)
			return true;
	return false;
}

/* Row 1 */
static bool check_whole(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;

	if (file->kind == TOKEN_NEITHER)
		return verdict_fail(run->verdict, "V-01", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: it is a TimeStampResp or a ContentInfo: %s",
			file->broken.text);
	if (file->tree.rest.len > 0) {
		(void)verdict_fail(run->verdict, "V-01", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: it is one %s and nothing else: offset %zu: %zu octets "
			"follow",
			file->kind == TOKEN_RESPONSE ? "TimeStampResp" : "ContentInfo",
			run->in.len - file->tree.rest.len, file->tree.rest.len);
		return true;
	}
	verdict_line(run->verdict, "V-01", CHECK_PASS, "it is one %s and nothing else%s",
		file->kind == TOKEN_RESPONSE ? "TimeStampResp" : "ContentInfo",
		is_indefinite(&file->tree) ? " (in BER with indefinite lengths)" : "");
	return true;
}

/* Row 2 */
static bool check_status(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	const struct reply_part *reply = &file->reply;

	if (file->kind == TOKEN_BARE) {
		verdict_line(run->verdict, "V-02", CHECK_SKIP, "a bare token has no PKIStatus");
		return true;
	}
	if (!reply->has_status ||
		(reply->status != GRANTED && reply->status != GRANTED_WITH_MODS)) {
		(void)verdict_fail(run->verdict, "V-02", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: PKIStatus is granted (0) or grantedWithMods (1): it is "
			"%lld%s",
			(long long)reply->status,
			reply->token == NULL ? ", and there is no token" : "");
		return reply->token != NULL;
	}
	if (reply->token == NULL)
		return verdict_fail(run->verdict, "V-02", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: where PKIStatus is %lld there is a token: there is none",
			(long long)reply->status);
	if (reply->fail_info != NULL)
		verdict_line(run->verdict, "V-02", CHECK_WARN,
			"RFC 3161 2.4.2: failInfo is there only without a token: it is");
	else if (reply->status == GRANTED_WITH_MODS)
		verdict_line(run->verdict, "V-02", CHECK_WARN,
			"PKIStatus is grantedWithMods (1): the TSA changed what was asked for");
	else
		verdict_line(run->verdict, "V-02", CHECK_PASS, "PKIStatus is granted (0)");
	return true;
}

static const char *type_text(const struct ber_node *oid, char room[OID_TEXT])
{
	if (oid == NULL)
		return "none";
	oid_text(oid->content, room);
	return room;
}

/* RFC 5652 5.1: what is in it decides the version of SignedData. */
static int64_t due_version(const struct token_file *file)
{
	struct ber_walk walk = ber_inside(&file->tree, file->cms.certificates);
	int64_t due = OF_TOKEN;

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		if (node->tag == (DER_CONTEXT_CONSTRUCTED | 3))
			return WITH_OTHER;
		else if (node->tag == (DER_CONTEXT_CONSTRUCTED | 2))
			due = WITH_V2_ATTRIBUTES;
	walk = ber_inside(&file->tree, file->cms.crls);
	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		if (node->tag == (DER_CONTEXT_CONSTRUCTED | 1))
			return WITH_OTHER;
	return due;
}

/* It is not signed and changes nothing about what is read: a word only. */
static void note_version(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	int64_t due = due_version(file);
	int64_t version;

	if (!ber_number(file->cms.version->content, &version) || version != due)
		verdict_line(run->verdict, "V-03", CHECK_WARN,
			"RFC 5652 5.1: the version of this SignedData is %lld: it is another",
			(long long)due);
}

/* RFC 5652 5.1: it may be left out, and is a hint to those who read in one pass. */
static void note_digests(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	const struct ber_node *wanted =
		token_algorithm(&file->tree, file->cms.signer.digest_algorithm);
	struct ber_walk walk = ber_inside(&file->tree, file->cms.digest_algorithms);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		const struct ber_node *oid = token_algorithm(&file->tree, node);

		if (oid != NULL && wanted != NULL && bytes_equal(oid->whole, wanted->whole))
			return;
	}
	verdict_line(run->verdict, "V-03", CHECK_WARN,
		"RFC 5652 5.1: digestAlgorithms has the signer's digestAlgorithm: it has not");
}

/* Row 3 */
static bool check_types(struct token_run *run)
{
	const struct cms_part *cms = &run->facts->file.cms;
	char room[OID_TEXT];

	if (cms->type != NULL && !oid_is(cms->type, OID_SIGNED_DATA))
		return verdict_fail(run->verdict, "V-03", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: the token's contentType is id-signedData: it is %.200s",
			type_text(cms->type, room));
	if (!cms->decoded)
		return verdict_fail(run->verdict, "V-03", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 5.1: SignedData decodes: %s", cms->broken.text);
	if (!oid_is(cms->content_type, OID_TST_INFO))
		return verdict_fail(run->verdict, "V-03", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: eContentType is id-ct-TSTInfo: it is %.200s",
			type_text(cms->content_type, room));
	if (cms->content_node == NULL)
		return verdict_fail(run->verdict, "V-03", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: eContent is there: it is absent");
	verdict_line(run->verdict, "V-03", CHECK_PASS, "it is SignedData of a TSTInfo");
	note_version(run);
	if (cms->has_signer)
		note_digests(run);
	return true;
}

/* Row 4, and the version that says which sid there is. */
static bool check_signers(struct token_run *run)
{
	const struct cms_part *cms = &run->facts->file.cms;
	int64_t due, version;

	if (cms->signer_count == 0)
		return verdict_fail(run->verdict, "V-04", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: the TSA's signature is there: there is no SignerInfo");
	if (cms->signer_count > 1) {
		(void)verdict_fail(run->verdict, "V-04", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 3161 2.4.2: the TSA's signature is the only one: there are %u",
			cms->signer_count);
		return true;
	}
	due = cms->signer.sid->tag == DER_SEQUENCE ? BY_ISSUER : BY_KEY_ID;
	if (!ber_number(cms->signer.version->content, &version) || version != due)
		(void)verdict_fail(run->verdict, "V-04", CHECK_FAILED, SUB_FORMAT_FAILURE,
			"RFC 5652 5.3: the version of this SignerInfo is %lld: it is another",
			(long long)due);
	else
		verdict_line(run->verdict, "V-04", CHECK_PASS, "there is one SignerInfo");
	return true;
}

bool token_rows_format(struct token_run *run)
{
	return check_whole(run) && check_status(run) && check_types(run) && check_signers(run);
}

static bool fail_attribute(struct token_run *run, const char *rule, const char *found)
{
	return verdict_fail(
		run->verdict, "V-05", CHECK_FAILED, SUB_FORMAT_FAILURE, "%s: %s", rule, found);
}

/* RFC 5652 5.3: no attribute is there twice; those that decide are looked at. */
static bool is_there_once(struct token_run *run, const char *oid, const char *rule)
{
	const struct token_file *file = &run->facts->file;

	return token_attribute_value(&file->tree, file->cms.signer.signed_attrs, oid) != NULL ||
	       fail_attribute(run, rule, "there is not one attribute with one value");
}

/* Row 5 */
void token_rows_attributes(struct token_run *run)
{
	const struct token_file *file = &run->facts->file;
	const struct ber_node *attrs = file->cms.signer.signed_attrs;
	unsigned times;

	if (attrs == NULL) {
		(void)fail_attribute(
			run, "RFC 5652 5.3: signed attributes are there", "there are none");
		return;
	}
	if (!is_there_once(run, OID_CONTENT_TYPE, "RFC 5652 11.1: contentType is signed") ||
		!is_there_once(run, OID_MESSAGE_DIGEST, "RFC 5652 11.2: messageDigest is signed"))
		return;
	if (!oid_is(token_attribute_value(&file->tree, attrs, OID_CONTENT_TYPE), OID_TST_INFO)) {
		(void)fail_attribute(run, "RFC 5652 11.1: attribute contentType is id-ct-TSTInfo",
			"it is another type");
		return;
	}
	(void)token_attribute(&file->tree, attrs, OID_SIGNING_TIME, &times);
	if (times > 1)
		(void)fail_attribute(run, "RFC 5652 11.3: signingTime is there once at most",
			"it is there again");
	else
		verdict_line(run->verdict, "V-05", CHECK_PASS,
			"contentType and messageDigest are signed attributes, once each");
}
