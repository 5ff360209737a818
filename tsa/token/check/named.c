/* Holds certificates against the names that a token has of its signer.  Owns struct named_sid's. */
#include "named.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tsa/tsp/der.h"

enum { MAX_REVERSED = 32 }; /* RDNs of a name that is turned round */

bool named_sid_read(const struct token_file *file, struct named_sid *sid)
{
	const struct ber_node *node = file->cms.signer.sid;
	struct ber_walk walk;
	const uint8_t *at;

	*sid = (struct named_sid){ 0 };
	if (node->tag == DER_CONTEXT) {
		sid->key_id = node;
		return true;
	}
	walk = ber_inside(&file->tree, node);
	sid->issuer = ber_take(&walk, DER_SEQUENCE);
	sid->serial = ber_take(&walk, DER_INTEGER);
	if (!ber_finished(&walk))
		return false;
	at = sid->serial->whole.at;
	sid->number = d2i_ASN1_INTEGER(NULL, &at, (long)sid->serial->whole.len);
	if (sid->number == NULL)
		ERR_clear_error();
	return sid->number != NULL;
}

void named_sid_wipe(struct named_sid *sid)
{
	X509_NAME_free(sid->name);
	ASN1_INTEGER_free(sid->number);
	*sid = (struct named_sid){ 0 };
}

const X509_NAME *named_sid_issuer(struct named_sid *sid)
{
	const uint8_t *at;

	if (sid->issuer == NULL || sid->name_is_read)
		return sid->name;
	at = sid->issuer->whole.at;
	sid->name = d2i_X509_NAME(NULL, &at, (long)sid->issuer->whole.len);
	sid->name_is_read = true;
	if (sid->name == NULL)
		ERR_clear_error();
	return sid->name;
}

static bool has_key_id(X509 *certificate, struct bytes wanted)
{
	const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(certificate);

	return key_id != NULL && bytes_equal(wanted, (struct bytes){ ASN1_STRING_get0_data(key_id),
							     (size_t)ASN1_STRING_length(key_id) });
}

bool named_sid_is(struct named_sid *sid, X509 *certificate)
{
	const X509_NAME *issuer;
	const uint8_t *der;
	size_t len;

	if (sid->key_id != NULL)
		return has_key_id(certificate, sid->key_id->content);
	if (sid->number == NULL ||
		ASN1_INTEGER_cmp(sid->number, X509_get0_serialNumber(certificate)) != 0)
		return false;
	issuer = X509_get_issuer_name(certificate);
	/* Octet for octet first: most are, and nothing has to be decoded. */
	if (X509_NAME_get0_der(issuer, &der, &len) == 1 &&
		bytes_equal(sid->issuer->whole, (struct bytes){ der, len }))
		return true;
	return named_sid_issuer(sid) != NULL && X509_NAME_cmp(sid->name, issuer) == 0;
}

static bool is_name_of(GENERAL_NAME *name, X509 *certificate)
{
	GENERAL_NAMES *others;
	bool is = name->type == GEN_DIRNAME &&
		  X509_NAME_cmp(name->d.directoryName, X509_get_subject_name(certificate)) == 0;

	if (is)
		return true;
	others = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !is && i < sk_GENERAL_NAME_num(others); i++)
		is = GENERAL_NAME_cmp(name, sk_GENERAL_NAME_value(others, i)) == 0;
	GENERAL_NAMES_free(others);
	return is;
}

/* [4] around a Name that is the subject, octet for octet: most are. */
static bool is_subject_octets(struct bytes name, X509 *certificate)
{
	struct der d = { .rest = name };
	struct der inside = der_enter(&d, DER_CONTEXT_CONSTRUCTED | GEN_DIRNAME);
	const uint8_t *der;
	size_t len;

	return der_finished(&d) &&
	       X509_NAME_get0_der(X509_get_subject_name(certificate), &der, &len) == 1 &&
	       bytes_equal(inside.rest, (struct bytes){ der, len });
}

bool named_tsa_is(const struct token_file *file, X509 *certificate, struct err *found)
{
	const struct ber_node *tsa = file->tst.tsa;
	GENERAL_NAME *name;
	const uint8_t *at;
	bool ok;

	if (tsa == NULL || is_subject_octets(tsa->content, certificate))
		return true;
	at = tsa->content.at;
	name = d2i_GENERAL_NAME(NULL, &at, (long)tsa->content.len);
	ok = name != NULL && at == tsa->content.at + tsa->content.len;
	if (!ok)
		err_set(found, "it is no GeneralName");
	else if (!is_name_of(name, certificate))
		ok = err_set(found, "it is another name");
	GENERAL_NAME_free(name);
	ERR_clear_error();
	return ok;
}

/* Both of single-valued RDNs, the one's last the other's first. */
static bool is_reverse(const X509_NAME *a, const X509_NAME *b)
{
	int count = X509_NAME_entry_count(a);
	X509_NAME *turned = X509_NAME_new();
	bool is = turned != NULL && count > 1 && count == X509_NAME_entry_count(b) &&
		  count <= MAX_REVERSED;

	for (int i = count - 1; is && i >= 0; i--)
		is = X509_NAME_add_entry(turned, X509_NAME_get_entry(a, i), -1, 0) == 1;
	is = is && X509_NAME_cmp(turned, b) == 0;
	X509_NAME_free(turned);
	return is;
}

bool named_tsa_is_reversed(const struct token_file *file, X509 *certificate)
{
	struct bytes tsa = file->tst.tsa == NULL ? (struct bytes){ 0 } : file->tst.tsa->content;
	const uint8_t *at = tsa.at;
	GENERAL_NAME *name = d2i_GENERAL_NAME(NULL, &at, (long)tsa.len);
	bool is = name != NULL && name->type == GEN_DIRNAME &&
		  is_reverse(name->d.directoryName, X509_get_subject_name(certificate));

	GENERAL_NAME_free(name);
	ERR_clear_error();
	return is;
}
