/* Owns nothing beyond a call; jansson does the syntax (RFC 8259), this the members. */
#include "tsa/front/sigstore.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "tsa/front/base64.h"
#include "tsa/tsp/der.h"

enum {
	MAX_ALGORITHM = 16,
	MAX_SHOWN = 60, /* bytes of a value in a finding */
};

/* A member's value into the request; false with err. */
typedef bool read_member(const json_t *value, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err);

void sigstore_start(uint64_t seed)
{
	json_object_seed((size_t)seed | 1); /* 0 would let jansson look for one itself */
}

static bool read_artifact_hash(const json_t *value, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err)
{
	const struct bytes text = { (const uint8_t *)json_string_value(value),
		json_string_length(value) };

	(void)failure;
	if (!json_is_string(value))
		return err_set(err, "artifactHash: is a text in base64");
	if (!base64_decode(text, out->imprint, sizeof(out->imprint), &out->request.imprint.len))
		return err_set(err,
			"artifactHash: RFC 4648 4: is base64, with padding, of at most %d bytes",
			TSP_MAX_IMPRINT);
	out->request.imprint.at = out->imprint;
	return true;
}

static bool read_hash_algorithm(const json_t *value, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err)
{
	const char *name = json_string_value(value);
	char lower[MAX_ALGORITHM] = "";

	if (!json_is_string(value))
		return err_set(err, "hashAlgorithm: is a text, such as sha256");
	for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(lower); i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	if (strlen(name) < sizeof(lower))
		out->request.digest = tsp_digest_by_name(lower);
	if (out->request.digest != TSP_DIGEST_NONE)
		return true;
	*failure = TSP_BAD_ALG;
	return err_set(err,
		"hashAlgorithm: RFC 3161 2.4.1: \"%.*s\" is unknown or weak: use sha256, sha384 or "
		"sha512",
		(int)text_fitting(name, MAX_SHOWN), name);
}

/* The content octets of a DER INTEGER: the fewest that hold value and its sign. */
static void put_nonce(int64_t value, struct sigstore_request *out)
{
	const uint8_t fill = value < 0 ? 0xff : 0;
	const size_t last = sizeof(out->nonce) - 1;
	size_t at = 0;

	for (size_t i = 0; i <= last; i++)
		out->nonce[i] = (uint8_t)((uint64_t)value >> (8 * (last - i)));
	while (at < last && out->nonce[at] == fill && (out->nonce[at + 1] ^ fill) < 0x80)
		at++;
	out->request.nonce = (struct bytes){ out->nonce + at, sizeof(out->nonce) - at };
}

static bool read_nonce(const json_t *value, struct sigstore_request *out, enum tsp_failure *failure,
	struct err *err)
{
	(void)failure;
	if (!json_is_integer(value))
		return err_set(err, "nonce: is an integer");
	put_nonce(json_integer_value(value), out);
	return true;
}

static bool read_certificates(const json_t *value, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err)
{
	(void)failure;
	if (!json_is_boolean(value))
		return err_set(err, "certificates: is true or false");
	out->request.cert_req = json_is_true(value);
	return true;
}

static bool read_policy(const json_t *value, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err)
{
	const char *text = json_string_value(value);

	(void)failure;
	if (!json_is_string(value))
		return err_set(err, "tsaPolicyOID: is a text, such as 1.2.3");
	if (text[0] == '\0')
		return true; /* as good as absent, as for sigstore's server */
	out->request.policy = (struct bytes){ out->policy,
		der_oid_from_text(text, out->policy, sizeof(out->policy)) };
	return out->request.policy.len > 0 ||
	       err_set(err, "tsaPolicyOID: X.660: \"%.*s\" is no OID of at most %d octets",
		       (int)text_fitting(text, MAX_SHOWN), text, TSP_MAX_OID);
}

static const struct {
	const char *name;
	read_member *read;
} members[] = {
	{ "artifactHash", read_artifact_hash },
	{ "hashAlgorithm", read_hash_algorithm },
	{ "nonce", read_nonce },
	{ "certificates", read_certificates },
	{ "tsaPolicyOID", read_policy },
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

/* Number of the member; MEMBERS if it is none of the form. */
static size_t member_of(const char *name)
{
	size_t at = 0;

	while (at < MEMBERS && strcasecmp(members[at].name, name) != 0)
		at++;
	return at;
}

static bool read_members(
	json_t *object, struct sigstore_request *out, enum tsp_failure *failure, struct err *err)
{
	bool seen[MEMBERS] = { false };
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		size_t member = member_of(name);

		if (member == MEMBERS || json_is_null(value))
			continue;
		/* jansson refuses equal names; these may differ in case. */
		if (seen[member])
			return err_set(err, "%s: RFC 8259 4: is there twice", members[member].name);
		seen[member] = true;
		if (!members[member].read(value, out, failure, err))
			return false;
	}
	for (size_t i = 0; i < 2; i++) /* the rest may be absent */
		if (!seen[i])
			return err_set(err, "%s: is missing", members[i].name);
	return true;
}

/* Before jansson recurses into it. What stands in texts does not count. */
static bool is_shallow(struct bytes body)
{
	size_t depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.at[i];

		if (in_text && c == '\\')
			i++;
		else if (c == '"')
			in_text = !in_text;
		else if (!in_text && (c == '{' || c == '['))
			depth++;
		else if (!in_text && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > SIGSTORE_MAX_DEPTH)
			return false;
	}
	return true;
}

static bool syntax_fault(const json_error_t *fault, struct err *err)
{
	if (json_error_code(fault) == json_error_numeric_overflow)
		return err_set(err,
			"JSON: limit: an integer has at most 63 bits: a longer nonce needs a "
			"TimeStampReq in DER");
	if (json_error_code(fault) == json_error_duplicate_key)
		return err_set(err, "JSON: RFC 8259 4: a member is there twice");
	return err_set(err, "JSON: RFC 8259: line %d, column %d: %.100s", fault->line,
		fault->column, fault->text);
}

bool sigstore_read(
	struct bytes body, struct sigstore_request *out, enum tsp_failure *failure, struct err *err)
{
	json_error_t fault;
	json_t *object = NULL;
	bool ok = false;

	*out = (struct sigstore_request){ .request = { .version = 1, .null_params = true } };
	*failure = TSP_BAD_DATA_FORMAT;
	if (body.len == 0)
		return err_set(err, "JSON: RFC 8259: is empty");
	if (!is_shallow(body))
		return err_set(err, "JSON: limit: objects and arrays stand at most %d deep",
			SIGSTORE_MAX_DEPTH);
	object = json_loadb(
		(const char *)body.at, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (object == NULL)
		syntax_fault(&fault, err);
	else if (!json_is_object(object))
		err_set(err, "JSON: sigstore's request is an object");
	else
		ok = read_members(object, out, failure, err);
	json_decref(object);
	if (ok)
		out->request.digest_oid = tsp_digest_oid(out->request.digest);
	return ok;
}

size_t sigstore_error(int code, const char *text, char *out)
{
	json_t *object = json_pack("{s:i, s:s}", "code", code, "message", text);
	size_t len = 0;

	if (object != NULL)
		len = json_dumpb(object, out, SIGSTORE_MAX_ERROR, 0);
	json_decref(object);
	return len <= SIGSTORE_MAX_ERROR ? len : 0;
}
