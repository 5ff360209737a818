/* Owns nothing. */
#include "ess.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "tsa/tsp/der.h"

static const char *const attribute_oid[] = { OID_SIGNING_CERTIFICATE, OID_SIGNING_CERTIFICATE_V2 };

static bool read_id(const struct ber *tree, const struct ber_node *node, bool v2, struct ess_id *id)
{
	struct ber_walk walk = ber_inside(tree, node);
	const struct ber_node *algorithm = v2 ? ber_take_if(&walk, DER_SEQUENCE) : NULL;
	const struct ber_node *hash = ber_take(&walk, DER_OCTET_STRING);
	const struct ber_node *oid;

	*id = (struct ess_id){ .issuer_serial = ber_take_if(&walk, DER_SEQUENCE) };
	(void)snprintf(id->algorithm, sizeof(id->algorithm), "%s", v2 ? OID_SHA256 : OID_SHA1);
	if (algorithm != NULL) {
		oid = token_algorithm(tree, algorithm);
		if (oid == NULL)
			return false;
		oid_text(oid->content, id->algorithm);
	}
	if (!ber_finished(&walk))
		return false;
	id->hash = hash->content;
	return true;
}

enum ess_state ess_get(const struct token_file *file, bool v2, unsigned n, struct ess_id *id)
{
	const struct ber *tree = &file->tree;
	const struct ber_node *attrs = file->cms.signer.signed_attrs;
	const struct ber_node *node = NULL;
	struct ber_walk value, ids;
	unsigned count;

	(void)token_attribute(tree, attrs, attribute_oid[v2], &count);
	if (count == 0)
		return ESS_ABSENT;
	value = ber_inside(tree, token_attribute_value(tree, attrs, attribute_oid[v2]));
	ids = ber_inside(tree, ber_take(&value, DER_SEQUENCE));
	for (unsigned i = 0; i <= n; i++)
		node = ber_next(&ids);
	if (node == NULL)
		return ids.failed || n == 0 ? ESS_MALFORMED : ESS_ABSENT;
	return read_id(tree, node, v2, id) ? ESS_THERE : ESS_MALFORMED;
}

/* IssuerSerial: one directoryName, and the serial number. */
static bool issuer_is(const struct ber *tree, const struct ber_node *both, X509 *certificate)
{
	struct ber_walk walk = ber_inside(tree, both);
	struct ber_walk names = ber_inside(tree, ber_take(&walk, DER_SEQUENCE));
	struct ber_walk wrapper =
		ber_inside(tree, ber_take(&names, DER_CONTEXT_CONSTRUCTED | GEN_DIRNAME));
	const struct ber_node *name = ber_take(&wrapper, DER_SEQUENCE);
	const struct ber_node *serial = ber_take(&walk, DER_INTEGER);
	const uint8_t *name_at, *serial_at;
	struct bytes own = { 0 };
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *number;
	bool is;

	/* A fourth field, issuerUID, would be legal, but no certificate has one. */
	if (name == NULL || !ber_finished(&wrapper) || !ber_finished(&names) ||
		!ber_finished(&walk))
		return false;
	name_at = name->whole.at;
	serial_at = serial->whole.at;
	number = d2i_ASN1_INTEGER(NULL, &serial_at, (long)serial->whole.len);
	is = number != NULL && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(certificate)) == 0;
	/* Octet for octet first: most are, and nothing has to be decoded. */
	if (is && X509_NAME_get0_der(X509_get_issuer_name(certificate), &own.at, &own.len) == 1 &&
		!bytes_equal(name->whole, own)) {
		issuer = d2i_X509_NAME(NULL, &name_at, (long)name->whole.len);
		is = issuer != NULL &&
		     X509_NAME_cmp(issuer, X509_get_issuer_name(certificate)) == 0;
	}
	X509_NAME_free(issuer);
	ASN1_INTEGER_free(number);
	return is;
}

bool ess_is(const struct token_file *file, const struct ess_id *id, X509 *certificate,
	struct err *found)
{
	int nid = OBJ_txt2nid(id->algorithm);
	const EVP_MD *md = nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (md == NULL)
		return err_set(found, "the digest %.100s is unknown", id->algorithm);
	if (X509_digest(certificate, md, digest, &len) != 1 ||
		!bytes_equal(id->hash, (struct bytes){ digest, len }))
		return err_set(found, "the %s hash is of another certificate", OBJ_nid2sn(nid));
	return id->issuer_serial == NULL ||
	       issuer_is(&file->tree, id->issuer_serial, certificate) ||
	       err_set(found, "issuerSerial is not that of the certificate");
}

bool ess_names_signer(const struct token_file *file, X509 *certificate, struct err *found)
{
	bool any = false;

	for (int v2 = 0; v2 < 2; v2++) {
		struct ess_id id;
		enum ess_state state = ess_get(file, v2 == 1, 0, &id);

		if (state == ESS_MALFORMED)
			return err_set(found, "signingCertificate%s is malformed", v2 ? "V2" : "");
		if (state == ESS_THERE && !ess_is(file, &id, certificate, found))
			return err_while(found, "signingCertificate%s", v2 ? "V2" : "");
		any = any || state == ESS_THERE;
	}
	return any ||
	       err_set(found, "there is neither signingCertificate nor signingCertificateV2");
}
