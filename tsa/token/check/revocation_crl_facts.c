/*
 * Owns what is read of a CRL once, whoever is asked about: its extensions and its entries by serial
 * number, each with the issuer it is about.
 */
#include <stdlib.h>

#include <openssl/err.h>

#include "revocation_part.h"

static void set_flaw(struct crl_facts *facts, const char *flaw)
{
	if (facts->flaw[0] == '\0')
		(void)snprintf(facts->flaw, sizeof(facts->flaw), "%s", flaw);
}

static bool is_known(X509_EXTENSION *extension)
{
	switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
	case NID_authority_key_identifier:
	case NID_issuer_alt_name:
	case NID_crl_number:
	case NID_delta_crl:
	case NID_issuing_distribution_point:
	case NID_freshest_crl:
	case NID_info_access:
		return true;
	default:
		return revocation_is_oid(extension, OID_EXPIRED_CERTS_ON_CRL);
	}
}

/* RFC 5280 5.2: none twice, none critical that we do not know. */
static void check_extensions(X509_CRL *crl, struct crl_facts *facts)
{
	int count = X509_CRL_get_ext_count(crl);

	if (count > 0 && X509_CRL_get_version(crl) != X509_CRL_VERSION_2)
		set_flaw(facts, "RFC 5280 5.1.2.1: has extensions and is not of version 2");
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *at = X509_CRL_get_ext(crl, i);

		if (X509_EXTENSION_get_critical(at) && !is_known(at))
			set_flaw(facts, "RFC 5280 5.2: has a critical extension that is unknown");
		if (is_known(at) &&
			X509_CRL_get_ext_by_OBJ(crl, X509_EXTENSION_get_object(at), i) >= 0)
			set_flaw(facts, "RFC 5280 4.2: has an extension twice");
	}
}

/* An extension that is there must be one that can be read. */
static void *take_extension(X509_CRL *crl, int nid, struct crl_facts *facts)
{
	int critical;
	void *value = X509_CRL_get_ext_d2i(crl, nid, &critical, NULL);

	if (value == NULL && critical != -1)
		set_flaw(facts, "RFC 5280 5.2: has an extension that is malformed");
	return value;
}

static void read_keeps_since(X509_CRL *crl, struct crl_facts *facts)
{
	facts->keeps_since = INT64_MAX;
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *at = X509_CRL_get_ext(crl, i);
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(at);
		const uint8_t *from = ASN1_STRING_get0_data(value);
		ASN1_GENERALIZEDTIME *time;

		if (!revocation_is_oid(at, OID_EXPIRED_CERTS_ON_CRL))
			continue;
		time = d2i_ASN1_GENERALIZEDTIME(NULL, &from, ASN1_STRING_length(value));
		(void)revocation_seconds(time, &facts->keeps_since);
		ASN1_GENERALIZEDTIME_free(time);
	}
}

static void read_scope(X509_CRL *crl, struct crl_facts *facts)
{
	ISSUING_DIST_POINT *scope;

	facts->scope = take_extension(crl, NID_issuing_distribution_point, facts);
	scope = facts->scope;
	if (scope == NULL)
		return;
	if ((scope->onlyuser > 0) + (scope->onlyCA > 0) + (scope->onlyattr > 0) > 1)
		set_flaw(facts, "RFC 5280 5.2.5: is about users, CAs or attributes only, twice");
	if (scope->distpoint != NULL && scope->distpoint->type == 1 &&
		DIST_POINT_set_dpname(scope->distpoint, X509_CRL_get_issuer(crl)) != 1)
		set_flaw(facts, "RFC 5280 5.2.5: its distribution point is malformed");
}

static void read_times(X509_CRL *crl, struct crl_facts *facts)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	facts->next_update = INT64_MAX;
	if (!revocation_seconds(X509_CRL_get0_lastUpdate(crl), &facts->this_update) ||
		(next != NULL && !revocation_seconds(next, &facts->next_update)))
		set_flaw(facts, "RFC 5280 5.1.2.4: thisUpdate or nextUpdate is malformed");
	else if (facts->next_update < facts->this_update)
		set_flaw(facts, "RFC 5280 5.1.2.5: nextUpdate is before thisUpdate");
}

/* Extensions of an entry: unknown critical ones forbid the use of the whole CRL (RFC 5280 5.3). */
static void check_entry(const X509_REVOKED *entry, struct crl_facts *facts)
{
	int count = X509_REVOKED_get_ext_count(entry);

	for (int i = 0; i < count; i++) {
		X509_EXTENSION *at = X509_REVOKED_get_ext(entry, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(at));

		if (X509_EXTENSION_get_critical(at) && nid != NID_crl_reason &&
			nid != NID_invalidity_date && nid != NID_certificate_issuer)
			set_flaw(facts, "RFC 5280 5.3: an entry has a critical extension that is "
					"unknown");
	}
}

/* RFC 5280 5.3.3: the issuer of an entry is that of the one before unless it names one. */
static const GENERAL_NAMES *issuer_of(
	const X509_REVOKED *entry, const GENERAL_NAMES *before, struct crl_facts *facts)
{
	int critical;
	GENERAL_NAMES *names =
		X509_REVOKED_get_ext_d2i(entry, NID_certificate_issuer, &critical, NULL);

	if (names == NULL && critical != -1)
		set_flaw(facts, "RFC 5280 5.3.3: an entry's certificateIssuer is malformed");
	if (names == NULL)
		return before;
	if (facts->scope == NULL || facts->scope->indirectCRL <= 0)
		set_flaw(facts, "RFC 5280 5.3.3: an entry has a certificateIssuer, and the CRL is "
				"not indirect");
	if (facts->issuers == NULL) /* no more than entries */
		facts->issuers = must_calloc(facts->count, sizeof(facts->issuers[0]));
	facts->issuers[facts->issuer_count++] = names;
	return names;
}

static int by_serial(const void *a, const void *b)
{
	const struct crl_entry *left = a;
	const struct crl_entry *right = b;

	return ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(left->revoked),
		X509_REVOKED_get0_serialNumber(right->revoked));
}

/* The order of the entries matters up to here: nobody has sorted them in OpenSSL's list. */
static void read_entries(X509_CRL *crl, struct crl_facts *facts)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(crl);
	const GENERAL_NAMES *issuer = NULL;

	if (sk_X509_REVOKED_num(all) <= 0)
		return;
	facts->count = (size_t)sk_X509_REVOKED_num(all);
	facts->entries = must_calloc(facts->count, sizeof(facts->entries[0]));
	for (size_t i = 0; i < facts->count; i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(all, (int)i);

		check_entry(entry, facts);
		issuer = issuer_of(entry, issuer, facts);
		facts->entries[i] = (struct crl_entry){ entry, issuer };
	}
	qsort(facts->entries, facts->count, sizeof(facts->entries[0]), by_serial);
}

const struct crl_facts *revocation_crl_facts(const struct material_item *crl)
{
	struct parsed *parsed = ((const struct held *)crl)->parsed;
	struct crl_facts *facts;

	if (parsed->crl_facts != NULL)
		return parsed->crl_facts;
	facts = must_calloc(1, sizeof(*facts));
	read_times(crl->crl, facts);
	check_extensions(crl->crl, facts);
	read_scope(crl->crl, facts);
	facts->number = take_extension(crl->crl, NID_crl_number, facts);
	facts->base = take_extension(crl->crl, NID_delta_crl, facts);
	read_keeps_since(crl->crl, facts);
	read_entries(crl->crl, facts);
	ERR_clear_error();
	parsed->crl_facts = facts;
	return facts;
}

void crl_facts_free(struct crl_facts *facts)
{
	if (facts == NULL)
		return;
	for (size_t i = 0; i < facts->issuer_count; i++)
		GENERAL_NAMES_free(facts->issuers[i]);
	free(facts->issuers);
	free(facts->entries);
	ISSUING_DIST_POINT_free(facts->scope);
	ASN1_INTEGER_free(facts->number);
	ASN1_INTEGER_free(facts->base);
	free(facts);
}

const struct crl_entry *revocation_crl_entries(
	const struct crl_facts *facts, const ASN1_INTEGER *serial, size_t *count)
{
	size_t low = 0;
	size_t high = facts->count;
	size_t end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(facts->entries[middle].revoked),
			    serial) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < facts->count; end++)
		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(facts->entries[end].revoked),
			    serial) != 0)
			break;
	*count = end - low;
	return facts->entries == NULL ? NULL : facts->entries + low;
}
