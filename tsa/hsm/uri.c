/* Owns p11-kit's form of a URI and its text; never prints a text that it refused. */
#include "tsa/hsm/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/uri.h>

#include "tsa/core/hex.h"
#include "tsa/core/msg.h"

struct hsm_uri {
	P11KitUri *parsed;
	char *text;
};

enum { ID_SHOWN = 32 /* bytes of an id that a message shows */ };

/* Library attributes would bind the URI to a module, which is a setting of its own. */
static const P11KitUriType uri_kind =
	(P11KitUriType)(P11_KIT_URI_FOR_OBJECT_ON_TOKEN | P11_KIT_URI_FOR_SLOT);

static bool has_slot(const struct hsm_uri *uri)
{
	return p11_kit_uri_get_slot_id(uri->parsed) != CK_UNAVAILABLE_INFORMATION;
}

static struct bytes attribute(const struct hsm_uri *uri, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(uri->parsed, type);

	if (a == NULL || a->pValue == NULL)
		return (struct bytes){ 0 };
	return (struct bytes){ a->pValue, a->ulValueLen };
}

struct bytes hsm_uri_label(const struct hsm_uri *uri)
{
	return attribute(uri, CKA_LABEL);
}

struct bytes hsm_uri_id(const struct hsm_uri *uri)
{
	return attribute(uri, CKA_ID);
}

/* What RFC 7512 allows and a configuration of ours does not. */
static bool refuse_foreign(const struct hsm_uri *uri, struct err *err)
{
	const CK_SLOT_INFO *slot = p11_kit_uri_get_slot_info(uri->parsed);
	struct bytes type = attribute(uri, CKA_CLASS);

	if (p11_kit_uri_get_pin_value(uri->parsed) != NULL ||
		p11_kit_uri_get_pin_source(uri->parsed) != NULL)
		return err_set(err, "secrets never stand in the configuration: pin-value or "
				    "pin-source is there, use pin_file");
	if (p11_kit_uri_get_module_name(uri->parsed) != NULL ||
		p11_kit_uri_get_module_path(uri->parsed) != NULL)
		return err_set(err, "the PKCS#11 library is a setting of its own: module-name or "
				    "module-path is there, use module");
	if (slot->slotDescription[0] != '\0' || slot->manufacturerID[0] != '\0')
		return err_set(err, "names a token, not a reader: slot-description or "
				    "slot-manufacturer is there");
	if (type.len == sizeof(CK_OBJECT_CLASS)) {
		CK_OBJECT_CLASS class;

		memcpy(&class, type.at, sizeof(class));
		if (class != CKO_PRIVATE_KEY)
			return err_set(err, "type: must be private or absent: is another");
	}
	if (p11_kit_uri_any_unrecognized(uri->parsed))
		return err_set(err, "RFC 7512 2.3: has an attribute that is not known here");
	return true;
}

static bool require_parts(const struct hsm_uri *uri, struct err *err)
{
	const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri->parsed);

	if (token->label[0] == '\0' && token->serialNumber[0] == '\0' && !has_slot(uri))
		return err_set(err, "must name the token: none of token, serial and slot-id is "
				    "there");
	if (hsm_uri_label(uri).len == 0 && hsm_uri_id(uri).len == 0)
		return err_set(err, "must name the key: neither object nor id is there");
	return true;
}

struct hsm_uri *hsm_uri_parse(const char *text, struct err *err)
{
	struct hsm_uri *uri = NULL;
	bool ok = false;
	int code;

	if (strlen(text) >= MSG_MAX_URI) {
		err_set(err, "must be shorter than %d bytes: has %zu", (int)MSG_MAX_URI,
			strlen(text));
		return NULL;
	}
	uri = must_calloc(1, sizeof(*uri));
	uri->parsed = p11_kit_uri_new();
	uri->text = must_strdup(text);
	if (uri->parsed == NULL) {
		err_set(err, "out of memory");
		goto out;
	}
	code = p11_kit_uri_parse(text, uri_kind, uri->parsed);
	if (code != P11_KIT_URI_OK) {
		err_set(err, "RFC 7512: is no pkcs11: URI: %s", p11_kit_uri_message(code));
		goto out;
	}
	ok = refuse_foreign(uri, err) && require_parts(uri, err);
out:
	if (ok)
		return uri;
	hsm_uri_free(uri);
	return NULL;
}

void hsm_uri_free(struct hsm_uri *uri)
{
	if (uri == NULL)
		return;
	p11_kit_uri_free(uri->parsed);
	/* A refused text may hold a PIN. */
	explicit_bzero(uri->text, strlen(uri->text));
	free(uri->text);
	free(uri);
}

const char *hsm_uri_text(const struct hsm_uri *uri)
{
	return uri->text;
}

bool hsm_uri_matches_token(const struct hsm_uri *uri, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	if (has_slot(uri) && p11_kit_uri_get_slot_id(uri->parsed) != slot)
		return false;
	return p11_kit_uri_match_token_info(uri->parsed, info) == 1;
}

bool hsm_uri_matches_object(const struct hsm_uri *uri, const char *label, struct bytes id)
{
	struct bytes want_label = hsm_uri_label(uri);
	struct bytes want_id = hsm_uri_id(uri);

	return (want_label.len == 0 || bytes_equal(want_label, bytes_of_text(label))) &&
	       (want_id.len == 0 || bytes_equal(want_id, id));
}

/* Appends "name 'value'", with a comma before it where something stands already. */
static void describe(char *out, size_t cap, const char *name, const char *value, size_t len)
{
	size_t used = strlen(out);

	while (len > 0 && value[len - 1] == ' ')
		len--;
	(void)snprintf(
		out + used, cap - used, "%s%s '%.*s'", used > 0 ? ", " : "", name, (int)len, value);
}

void hsm_uri_describe_token(const struct hsm_uri *uri, char *out, size_t cap)
{
	const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri->parsed);
	char slot[24];

	out[0] = '\0';
	if (token->label[0] != '\0')
		describe(out, cap, "label", (const char *)token->label, sizeof(token->label));
	if (token->serialNumber[0] != '\0')
		describe(out, cap, "serial", (const char *)token->serialNumber,
			sizeof(token->serialNumber));
	if (token->manufacturerID[0] != '\0')
		describe(out, cap, "manufacturer", (const char *)token->manufacturerID,
			sizeof(token->manufacturerID));
	if (token->model[0] != '\0')
		describe(out, cap, "model", (const char *)token->model, sizeof(token->model));
	if (has_slot(uri)) {
		(void)snprintf(slot, sizeof(slot), "%lu", p11_kit_uri_get_slot_id(uri->parsed));
		describe(out, cap, "slot-id", slot, strlen(slot));
	}
}

void hsm_uri_describe_object(const struct hsm_uri *uri, char *out, size_t cap)
{
	struct bytes label = hsm_uri_label(uri);
	struct bytes id = hsm_uri_id(uri);
	char hex[2 * ID_SHOWN + 1];

	out[0] = '\0';
	if (label.len > 0)
		describe(out, cap, "label", (const char *)label.at, label.len);
	if (id.len > 0) {
		hex_encode((struct bytes){ id.at, id.len < ID_SHOWN ? id.len : ID_SHOWN }, hex);
		describe(out, cap, "id", hex, strlen(hex));
	}
}
