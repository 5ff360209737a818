/* SignerInfo and its attributes.  Owns nothing. */
#include "show_part.h"

#include "text.h"
#include "tsa/token/read/ess.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum { MAX_SHOWN_IDS = 16, MAX_SHOWN_VALUE = 256 };

/* issuerAndSerialNumber, or subjectKeyIdentifier. */
static json_t *show_sid(const struct token_file *file)
{
	const struct ber_node *sid = file->cms.signer.sid;
	struct ber_walk walk;
	json_t *shown = json_object();
	const struct ber_node *name, *serial;

	if (sid->tag != DER_SEQUENCE) {
		text_set(shown, "subjectKeyIdentifier", text_hex(sid->content));
		return shown;
	}
	walk = ber_inside(&file->tree, sid);
	name = ber_take(&walk, DER_SEQUENCE);
	serial = ber_take(&walk, DER_INTEGER);
	text_set(shown, "issuer", name == NULL ? json_null() : show_name(name->whole));
	text_set(
		shown, "serialNumber", serial == NULL ? json_null() : show_serial(serial->content));
	return shown;
}

/* IssuerSerial of a certificate ID. */
static json_t *show_issuer_serial(const struct ber *tree, const struct ber_node *both)
{
	struct ber_walk walk = ber_inside(tree, both);
	struct ber_walk names = ber_inside(tree, ber_take(&walk, DER_SEQUENCE));
	const struct ber_node *name = ber_next(&names);
	const struct ber_node *serial = ber_take(&walk, DER_INTEGER);
	json_t *shown = json_object();

	text_set(shown, "issuer", name == NULL ? json_null() : show_general_name(name->whole));
	text_set(
		shown, "serialNumber", serial == NULL ? json_null() : show_serial(serial->content));
	return shown;
}

static json_t *show_ids(const struct token_file *file, const struct signer *signer, bool v2)
{
	json_t *all = json_array();
	struct ess_id id;

	for (unsigned i = 0; i < MAX_SHOWN_IDS && ess_get(file, v2, i, &id) == ESS_THERE; i++) {
		json_t *shown = json_object();
		struct err ignored = { 0 };

		text_set(shown, "digest", show_dotted(id.algorithm));
		text_set(shown, "hash", text_hex(id.hash));
		if (id.issuer_serial != NULL)
			text_set(shown, "issuerSerial",
				show_issuer_serial(&file->tree, id.issuer_serial));
		if (signer->certificate != NULL)
			text_set(shown, "isSigner",
				json_boolean(ess_is(file, &id, signer->certificate, &ignored)));
		text_add(all, shown);
	}
	return all;
}

static json_t *show_protection(const struct ber *tree, const struct ber_node *value)
{
	struct ber_walk walk = ber_inside(tree, value);
	json_t *shown = json_object();

	text_set(shown, "digestAlgorithm", show_algorithm(tree, ber_take(&walk, DER_SEQUENCE)));
	text_set(shown, "signatureAlgorithm",
		show_algorithm(tree, ber_take(&walk, DER_CONTEXT_CONSTRUCTED | 1)));
	return shown;
}

/* Whatever the attribute is: hexadecimal if short. */
static json_t *show_value(const struct ber_node *value)
{
	if (value->tag == DER_OID)
		return show_oid(value);
	if (value->whole.len <= MAX_SHOWN_VALUE)
		return text_hex(value->whole);
	return json_sprintf("%zu bytes", value->whole.len);
}

static json_t *show_known(const struct token_file *file, const struct signer *signer,
	const struct ber_node *type, const struct ber_node *value)
{
	struct moment moment;

	if (oid_is(type, OID_SIGNING_CERTIFICATE))
		return show_ids(file, signer, false);
	if (oid_is(type, OID_SIGNING_CERTIFICATE_V2))
		return show_ids(file, signer, true);
	if (oid_is(type, OID_ALGORITHM_PROTECTION))
		return show_protection(&file->tree, value);
	if (oid_is(type, OID_MESSAGE_DIGEST))
		return text_hex(value->content);
	if (oid_is(type, OID_SIGNING_TIME)) {
		moment = moment_of_signing_time(value->tag, value->content);
		return show_moment(&moment);
	}
	return show_value(value);
}

static json_t *show_attributes(
	const struct token_file *file, const struct signer *signer, const struct ber_node *attrs)
{
	struct ber_walk walk = ber_inside(&file->tree, attrs);
	json_t *all = json_array();

	for (const struct ber_node *attr; (attr = ber_next(&walk)) != NULL;) {
		struct ber_walk parts = ber_inside(&file->tree, attr);
		const struct ber_node *type = ber_take(&parts, DER_OID);
		struct ber_walk values = ber_inside(&file->tree, ber_take(&parts, DER_SET));
		json_t *shown = json_object();
		const struct ber_node *value = ber_next(&values);

		text_set(shown, "type", show_oid(type));
		text_set(shown, "value",
			type == NULL || value == NULL ? json_null()
						      : show_known(file, signer, type, value));
		if (ber_peek(&values) != NULL)
			text_set(shown, "furtherValues", json_true());
		text_add(all, shown);
	}
	return all;
}

json_t *show_signer(const struct token_file *file, const struct signer *signer)
{
	const struct signer_part *part = &file->cms.signer;
	json_t *shown = json_object();

	text_set(shown, "version", show_integer(part->version));
	text_set(shown, "sid", show_sid(file));
	text_set(shown, "certificate",
		json_string(signer->certificate == NULL ? "not at hand"
			    : signer->is_embedded       ? "in the token"
							: "given beside it"));
	text_set(shown, "digestAlgorithm", show_algorithm(&file->tree, part->digest_algorithm));
	text_set(shown, "signedAttributes",
		part->signed_attrs == NULL ? json_null()
					   : show_attributes(file, signer, part->signed_attrs));
	text_set(shown, "signatureAlgorithm",
		show_algorithm(&file->tree, part->signature_algorithm));
	text_set(shown, "signature", text_hex(part->signature->content));
	if (part->unsigned_attrs != NULL)
		text_set(shown, "unsignedAttributes",
			show_attributes(file, signer, part->unsigned_attrs));
	return shown;
}
