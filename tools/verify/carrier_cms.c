/* Owns the tree of elements while one SignedData is read. */
#include "carrier_part.h"

#include <stdio.h>

#include <openssl/err.h>

#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

#define OID_TIME_STAMP_TOKEN "1.2.840.113549.1.9.16.2.14"
#define OID_MICROSOFT_TOKEN "1.3.6.1.4.1.311.3.3.1"
#define OID_COUNTERSIGNATURE "1.2.840.113549.1.9.6"
#define OID_MICROSOFT_NESTED "1.3.6.1.4.1.311.2.4.1"
#define OID_OCSP_RESPONSE "1.3.6.1.5.5.7.16.2" /* id-ri-ocsp-response, RFC 5940 */

/* A SignedData as far as it is of use here. */
struct signed_data {
	struct ber tree;
	const struct ber_node *content_type;
	struct buf content;
	bool has_content;
	const struct ber_node *certificates; /* NULL: absent */
	const struct ber_node *crls; /* NULL: absent */
	const struct ber_node *signers;
};

/*
 * What is digested: the octets of an OCTET STRING (RFC 5652 5.4), of any other type its content
 * octets (PKCS #7 9.3, as Authenticode has it).
 */
static bool read_content(const struct ber_node *info, struct signed_data *data, struct err *err)
{
	struct ber_walk walk = ber_inside(&data->tree, info);
	const struct ber_node *wrapper, *content;
	struct ber_walk inner;

	data->content_type = ber_take(&walk, DER_OID);
	wrapper = ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED);
	if (!ber_finished(&walk))
		return err_set(err, "encapContentInfo is malformed");
	if (wrapper == NULL)
		return true;
	inner = ber_inside(&data->tree, wrapper);
	content = ber_next(&inner);
	if (content == NULL || !ber_finished(&inner))
		return err_set(err, "encapContentInfo is malformed");
	data->has_content = true;
	if ((content->tag & ~BER_CONSTRUCTED) == DER_OCTET_STRING)
		return ber_octets(&data->tree, content, &data->content) ||
		       err_set(err, "the signed content is malformed");
	buf_append(&data->content, content->content);
	return true;
}

static bool read_signed_data(struct bytes der, struct signed_data *data, struct err *err)
{
	static const struct ber_limits limits = { CARRIER_MAX_CMS, BER_MAX_DEPTH + 1 };
	struct ber_walk walk, wrapped;
	const struct ber_node *type;

	if (!ber_parse_outer(der, &limits, &data->tree, err))
		return false;
	/* A PE file pads its signatures, and some put more there. */
	walk = ber_inside(&data->tree, data->tree.nodes);
	type = ber_take(&walk, DER_OID);
	wrapped = ber_inside(&data->tree, ber_take(&walk, DER_CONTEXT_CONSTRUCTED));
	if (data->tree.nodes[0].tag != DER_SEQUENCE || !ber_finished(&walk) ||
		!oid_is(type, OID_SIGNED_DATA))
		return err_set(err, "it is no ContentInfo with SignedData");
	walk = ber_inside(&data->tree, ber_take(&wrapped, DER_SEQUENCE));
	(void)ber_take(&walk, DER_INTEGER);
	(void)ber_take(&walk, DER_SET);
	if (walk.failed || !ber_finished(&wrapped))
		return err_set(err, "SignedData is malformed");
	if (!read_content(ber_take(&walk, DER_SEQUENCE), data, err))
		return false;
	data->certificates = ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED);
	data->crls = ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED | 1);
	data->signers = ber_take(&walk, DER_SET);
	return ber_finished(&walk) || err_set(err, "SignedData is malformed");
}

static void note_certificates(const struct signed_data *data, struct carrier_document *document)
{
	struct ber_walk walk = ber_inside(&data->tree, data->certificates);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		if (node->tag == DER_SEQUENCE &&
			document->certificate_count < CARRIER_MAX_CERTIFICATES)
			document->certificates[document->certificate_count++] = node->whole;
}

/* RevocationInfoChoices (RFC 5652 10.2.1): CRLs, or [1] with its type. */
static void note_revocations(const struct signed_data *data, struct carrier_document *document)
{
	struct ber_walk walk = ber_inside(&data->tree, data->crls);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		struct ber_walk other;
		const struct ber_node *response;

		if (node->tag == DER_SEQUENCE && document->crl_count < CARRIER_MAX_REVOCATIONS)
			document->crls[document->crl_count++] = node->whole;
		if (node->tag != (DER_CONTEXT_CONSTRUCTED | 1))
			continue;
		other = ber_inside(&data->tree, node);
		if (!oid_is(ber_take(&other, DER_OID), OID_OCSP_RESPONSE))
			continue;
		response = ber_take(&other, DER_SEQUENCE);
		if (response != NULL && document->ocsp_count < CARRIER_MAX_REVOCATIONS)
			document->ocsps[document->ocsp_count++] = response->whole;
	}
}

static X509 *find_signer(const struct signed_data *data, const struct carrier_document *document,
	const struct signer_part *part)
{
	X509 *found = NULL;

	for (unsigned i = 0; found == NULL && i < document->certificate_count; i++) {
		const uint8_t *at = document->certificates[i].at;
		X509 *certificate = d2i_X509(NULL, &at, (long)document->certificates[i].len);

		if (certificate != NULL && signer_info_names(&data->tree, part, certificate))
			found = certificate;
		else
			X509_free(certificate);
	}
	ERR_clear_error();
	return found;
}

static bool add_stamp(struct carrier *carrier, unsigned signature, enum carrier_stamp_kind kind,
	struct bytes octets, struct err *err)
{
	unsigned number = 1;

	if (carrier->stamp_count == CARRIER_MAX_STAMPS)
		return err_set(err, "at most %d time-stamps: there are more", CARRIER_MAX_STAMPS);
	for (unsigned i = 0; i < carrier->stamp_count; i++)
		number += carrier->stamps[i].signature == signature;
	carrier->stamps[carrier->stamp_count++] = (struct carrier_stamp){
		.kind = kind, .signature = signature, .number = number, .octets = octets
	};
	return true;
}

/* Authenticode: a further signature of the same program, in this one's attributes. */
static bool add_nested(struct carrier *carrier, unsigned signature, unsigned number,
	struct bytes der, struct err *err)
{
	const char *place = carrier->signatures[signature].place;
	struct carrier_document *document = carrier_new_document(carrier, der.len, err);

	if (document == NULL)
		return false;
	document->der = der;
	(void)snprintf(document->place, sizeof(document->place), "%.100s%snested signature %u",
		place, place[0] == '\0' ? "" : ", ", number);
	return true;
}

/* Each value of each unsigned attribute that is a time-stamp or a signature. */
static bool read_unsigned(struct carrier *carrier, unsigned signature, const struct ber *tree,
	const struct ber_node *attributes, struct err *err)
{
	struct ber_walk walk = ber_inside(tree, attributes);
	unsigned nested = 0;
	bool ok = true;

	for (const struct ber_node *attribute; ok && (attribute = ber_next(&walk)) != NULL;) {
		struct ber_walk parts = ber_inside(tree, attribute);
		const struct ber_node *type = ber_take(&parts, DER_OID);
		struct ber_walk values = ber_inside(tree, ber_take(&parts, DER_SET));

		for (const struct ber_node *v; ok && (v = ber_next(&values)) != NULL;) {
			if (oid_is(type, OID_TIME_STAMP_TOKEN))
				ok = add_stamp(carrier, signature, CARRIER_RFC3161, v->whole, err);
			else if (oid_is(type, OID_MICROSOFT_TOKEN))
				ok = add_stamp(
					carrier, signature, CARRIER_MICROSOFT, v->whole, err);
			else if (oid_is(type, OID_COUNTERSIGNATURE))
				ok = add_stamp(carrier, signature, CARRIER_COUNTERSIGNATURE,
					v->whole, err);
			else if (oid_is(type, OID_MICROSOFT_NESTED))
				ok = add_nested(carrier, signature, ++nested, v->whole, err);
		}
	}
	return ok;
}

/* RFC 5652 11.1: the attribute names the type of what is signed. */
static bool names_content(const struct signed_data *data, const struct signer_part *part)
{
	const struct ber_node *said;

	if (part->signed_attrs == NULL)
		return true;
	said = token_attribute_value(&data->tree, part->signed_attrs, OID_CONTENT_TYPE);
	return said != NULL && bytes_equal(said->whole, data->content_type->whole);
}

static void judge(const struct signed_data *data, const struct carrier_document *document,
	const struct signer_part *part, struct carrier_signature *signature)
{
	struct bytes content = { 0 };

	if (data->has_content)
		content = buf_view(&data->content);
	else if (document->content.len > 0)
		content = buf_view(&document->content);
	if (data->has_content && content.at == NULL)
		content = bytes_of_text("");
	if (signature->signer == NULL) {
		signature->result = SIGNER_INFO_UNKNOWN;
		err_set(&signature->why, "the signer's certificate is not in it");
	} else if (!names_content(data, part)) {
		signature->result = SIGNER_INFO_BAD;
		err_set(&signature->why,
			"RFC 5652 11.1: the contentType attribute must be that of the content: "
			"is not");
	} else {
		signature->result = signer_info_verify(
			&data->tree, part, signature->signer, content, &signature->why);
	}
}

static bool read_signer(struct carrier *carrier, const struct signed_data *data, unsigned number,
	unsigned index, const struct ber_node *info, struct err *err)
{
	const struct carrier_document *document = carrier->documents[index];
	unsigned at = carrier->signature_count;
	struct carrier_signature *signature = &carrier->signatures[at];
	struct signer_part part;

	if (at == CARRIER_MAX_SIGNATURES)
		return err_set(
			err, "at most %d signatures: there are more", CARRIER_MAX_SIGNATURES);
	if (!signer_info_read(&data->tree, info, &part))
		return err_set(err, "signer %u: SignerInfo is malformed", number);
	carrier->signature_count++;
	*signature = (struct carrier_signature){ .document = index };
	(void)snprintf(signature->place, sizeof(signature->place), "%.120s", document->place);
	if (number > 1)
		(void)snprintf(signature->place, sizeof(signature->place), "%.120s%ssigner %u",
			document->place, document->place[0] == '\0' ? "" : ", ", number);
	if (!ber_octets(&data->tree, part.signature, &carrier->values[at]))
		return err_set(err, "signer %u: the signature value is malformed", number);
	signature->value = buf_view(&carrier->values[at]);
	signature->signer = find_signer(data, document, &part);
	judge(data, document, &part, signature);
	return read_unsigned(carrier, at, &data->tree, part.unsigned_attrs, err);
}

bool carrier_read_cms(struct carrier *carrier, unsigned document, struct err *err)
{
	struct signed_data data = { 0 };
	bool ok = read_signed_data(carrier->documents[document]->der, &data, err);

	if (ok) {
		struct ber_walk walk = ber_inside(&data.tree, data.signers);
		unsigned number = 0;

		note_certificates(&data, carrier->documents[document]);
		note_revocations(&data, carrier->documents[document]);
		for (const struct ber_node *info; ok && (info = ber_next(&walk)) != NULL;)
			ok = read_signer(carrier, &data, ++number, document, info, err);
	}
	buf_free(&data.content);
	ber_free(&data.tree);
	return ok;
}
