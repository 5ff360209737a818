/* Rules for the file as a whole and for TimeStampResp.  Owns nothing. */
#include "lint_rule.h"

enum { MAX_STATUS = 5, GRANTED_WITH_MODS = 1 };

/* RFC 3161 2.4.2: "the only values of PKIFailureInfo that SHALL be supported" */
static const int allowed_bits[] = { TSP_BAD_ALG, TSP_BAD_REQUEST, TSP_BAD_DATA_FORMAT,
	TSP_TIME_NOT_AVAILABLE, TSP_UNACCEPTED_POLICY, TSP_UNACCEPTED_EXTENSION,
	TSP_ADD_INFO_NOT_AVAILABLE, TSP_SYSTEM_FAILURE };

static bool check_kind(const struct lint_subject *s, struct err *found)
{
	return s->file->kind != TOKEN_NEITHER || err_set(found, "%s", s->file->broken.text);
}

static bool check_rest(const struct lint_subject *s, struct err *found)
{
	return s->file->kind == TOKEN_NEITHER || s->file->tree.rest.len == 0 ||
	       err_set(found, "%zu bytes follow", s->file->tree.rest.len);
}

/* SET OF with a tag of its own; NULL: absent. */
static void check_order(const struct ber *tree, const struct ber_node *set, const char *rule,
	struct ber_flaws *flaws)
{
	if (set != NULL)
		ber_strict_order(tree, set, rule, flaws);
}

/* The signed attributes have a rule of their own, P-24, and TSTInfo has P-13. */
static bool check_der(const struct lint_subject *s, struct err *found)
{
	const struct token_file *file = s->file;
	const struct ber_node *attrs = file->cms.signer.signed_attrs;
	struct ber_flaws flaws = { 0 };
	uint32_t end = (uint32_t)file->tree.count;
	uint32_t hole = attrs == NULL ? end : (uint32_t)(attrs - file->tree.nodes);

	if (file->kind == TOKEN_NEITHER)
		return true;
	ber_strict(&file->tree, 0, hole, &flaws);
	if (attrs != NULL)
		ber_strict(&file->tree, attrs->past, end, &flaws);
	check_order(&file->tree, file->cms.certificates,
		"X.690 11.6: certificates, a SET OF, is not in order", &flaws);
	check_order(
		&file->tree, file->cms.crls, "X.690 11.6: crls, a SET OF, is not in order", &flaws);
	check_order(&file->tree, file->cms.signer.unsigned_attrs,
		"X.690 11.6: unsignedAttrs, a SET OF, is not in order", &flaws);
	return flaws.count == 0 || lint_flaws(&flaws, found);
}

static bool check_status(const struct lint_subject *s, struct err *found)
{
	const struct reply_part *reply = &s->file->reply;

	if (!reply->has_status)
		return err_set(found, "it does not fit");
	return (reply->status >= 0 && reply->status <= MAX_STATUS) ||
	       err_set(found, "status %lld", (long long)reply->status);
}

static bool is_granted(const struct reply_part *reply)
{
	return reply->has_status && reply->status >= 0 && reply->status <= GRANTED_WITH_MODS;
}

static bool check_presence(const struct lint_subject *s, struct err *found)
{
	const struct reply_part *reply = &s->file->reply;

	if (is_granted(reply) && reply->token == NULL)
		return err_set(found, "status %lld without a token", (long long)reply->status);
	if (!is_granted(reply) && reply->token != NULL)
		return err_set(found, "status %lld with a token", (long long)reply->status);
	return true;
}

static bool is_allowed(size_t bit)
{
	for (size_t i = 0; i < sizeof(allowed_bits) / sizeof(allowed_bits[0]); i++)
		if ((size_t)allowed_bits[i] == bit)
			return true;
	return false;
}

static bool check_bits(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *info = s->file->reply.fail_info;

	for (size_t i = 8; info != NULL && i < 8 * info->content.len; i++) {
		if ((info->content.at[i / 8] & 0x80U >> i % 8) != 0 && !is_allowed(i - 8))
			return err_set(found, "bit %zu is set", i - 8);
	}
	return true;
}

static bool check_named_bits(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *info = s->file->reply.fail_info;
	struct bytes content = info == NULL ? (struct bytes){ 0 } : info->content;

	/* Where the last bit that is there is not set, X.690 11.2.2 has it left out. */
	if (content.len < 2 || content.at[0] > 7)
		return true;
	return (content.at[content.len - 1] & 1U << content.at[0]) != 0 ||
	       err_set(found, "zero bits at the end");
}

static bool check_reason(const struct lint_subject *s, struct err *found)
{
	const struct reply_part *reply = &s->file->reply;

	if (is_granted(reply) && reply->fail_info != NULL)
		return err_set(found, "status %lld with failInfo", (long long)reply->status);
	if (!is_granted(reply) && reply->fail_info == NULL)
		return err_set(found, "status %lld without failInfo", (long long)reply->status);
	return true;
}

static const struct lint_rule rules[] = {
	{ "P-30", IN_ALL, NEED_FILE, check_kind,
		"RFC 3161 3.2: the file is a TimeStampResp or a TimeStampToken" },
	{ "P-30", IN_ALL, NEED_FILE, check_rest, "RFC 3161 3.2: nothing follows it" },
	{ "P-30", IN_ALL, NEED_FILE, check_der, "RFC 3161 3.2: it is DER" },
	{ "P-11", IN_ALL, NEED_RESPONSE, check_status, "RFC 3161 2.4.2: status is 0 to 5" },
	{ "P-11", IN_ALL, NEED_RESPONSE, check_presence,
		"RFC 3161 2.4.2: a token is there with status 0 or 1, else not" },
	{ "P-12", IN_ALL, NEED_RESPONSE, check_bits,
		"RFC 3161 2.4.2: failInfo has no bits but 0, 2, 5, 14, 15, 16, 17 and 25" },
	{ "P-12", IN_ALL, NEED_RESPONSE, check_named_bits,
		"X.690 11.2.2: failInfo is a list of named bits" },
	{ "P-12", IN_ALL, NEED_RESPONSE, check_reason,
		"RFC 3161 2.4.2: failInfo says why there is no token" },
};

struct lint_rules rules_response(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
