/* Owns nothing; the table of rules. */
#include "tsa/hsm/attributes.h"

#include "tsa/hsm/rv.h"

struct rule {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	const char *says;
	bool value;
	bool may_be_absent;
	bool new_only;
};

static const struct rule rules[] = {
	{ CKA_TOKEN, "CKA_TOKEN", "must be stored in the token", true, false, false },
	{ CKA_SENSITIVE, "CKA_SENSITIVE", "must be sensitive", true, false, false },
	{ CKA_EXTRACTABLE, "CKA_EXTRACTABLE", "must not be extractable", false, false, false },
	{ CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", "must always have been sensitive", true,
		false, false },
	{ CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", "must never have been extractable", true,
		false, false },
	{ CKA_SIGN, "CKA_SIGN", "must be for signing", true, false, false },
	/* libp11 would ask for it on the terminal. */
	{ CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE",
		"must not want the PIN for each signature", false, true, false },
	{ CKA_LOCAL, "CKA_LOCAL", "must have been made in the token", true, false, true },
};

/* Sets finding either way; a device that does not answer gives its class. */
static bool holds(struct hsm *hsm, const struct hsm_key *key, const struct rule *rule,
	enum msg_failure *failure, struct err *finding)
{
	CK_BBOOL value = CK_FALSE;
	size_t len = 0;
	CK_RV rv = hsm_attribute(hsm, key->handle, rule->type, &value, sizeof(value), &len);

	if (rv == CKR_OK && len == sizeof(value)) {
		err_set(finding, "is %s", value != CK_FALSE ? "true" : "false");
		return (value != CK_FALSE) == rule->value;
	}
	hsm_err_rv(finding, rv, "cannot be read");
	if (hsm_rv_failure(rv) == MSG_FAILURE_DEVICE)
		*failure = MSG_FAILURE_DEVICE; /* says nothing about the key */
	return rv == CKR_ATTRIBUTE_TYPE_INVALID && rule->may_be_absent;
}

static bool check(struct hsm *hsm, const struct hsm_key *key, bool new_key,
	enum msg_failure *failure, struct err *err)
{
	struct err finding = { 0 };
	unsigned broken = 0;

	*failure = MSG_FAILURE_KEY;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].new_only && !new_key)
			continue;
		if (holds(hsm, key, &rules[i], failure, &finding))
			continue;
		if (broken++ == 0)
			err->text[0] = '\0';
		hsm_err_append(err, "%s%s (%s): %s", broken > 1 ? "; " : "", rules[i].says,
			rules[i].name, finding.text);
	}
	return broken == 0;
}

bool hsm_check_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	return check(hsm, key, false, failure, err);
}

bool hsm_check_new_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	return check(hsm, key, true, failure, err);
}
