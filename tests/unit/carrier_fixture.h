/*
 * Signed files with time-stamps in them, made by OpenSSL's CMS code and small writers of PE and ZIP
 * that share nothing with the readers. Include after cmocka.h.
 */
#ifndef TSA_TESTS_CARRIER_FIXTURE_H
#define TSA_TESTS_CARRIER_FIXTURE_H

#include <openssl/cms.h>

#include "make_certificate.h"
#include "tools/verify/carrier.h"

#define TIME_STAMP_OID "1.2.840.113549.1.9.16.2.14"
#define MICROSOFT_OID "1.3.6.1.4.1.311.3.3.1"
#define COUNTERSIGNATURE_OID "1.2.840.113549.1.9.6"
#define NESTED_OID "1.3.6.1.4.1.311.2.4.1"

struct carrier_world {
	EVP_PKEY *key;
	X509 *signer;
};

/* Group set-up and tear-down of cmocka. */
int carrier_set_up(void **state);
int carrier_tear_down(void **state);

/* A signature over content. The caller frees. */
CMS_ContentInfo *sign_content(
	const struct carrier_world *world, const char *content, unsigned flags);
/* Adds an unsigned attribute whose value is a SEQUENCE, given whole. */
void add_unsigned(CMS_ContentInfo *cms, const char *oid, struct bytes sequence);
/* DER; frees cms. */
struct buf der_of_cms(CMS_ContentInfo *cms);

/* A PE32 program with these signatures in its certificate table; each is freed. */
struct buf make_pe(struct buf *signatures, unsigned count);
/* Where its certificate table begins. */
size_t pe_table_at(const struct buf *pe);

struct zip_file {
	const char *name;
	struct bytes octets;
	bool deflated;
};
struct buf make_zip(const struct zip_file *files, unsigned count);

/* What carrier_open() makes of it. */
struct carrier *open_carrier(const struct buf *file, struct err *err);

#endif
