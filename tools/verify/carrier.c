/* Owns the documents, the signature values and the signers' certificates. */
#include "carrier_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tools/pem/pem.h"

struct carrier_document *carrier_new_document(
	struct carrier *carrier, size_t octets, struct err *err)
{
	struct carrier_document *document;

	if (carrier->document_count == CARRIER_MAX_SIGNATURES) {
		err_set(err, "at most %d signatures: there are more", CARRIER_MAX_SIGNATURES);
		return NULL;
	}
	if (octets > CARRIER_MAX_OCTETS - carrier->octets) {
		err_set(err, "at most %d bytes of all signatures: has more", CARRIER_MAX_OCTETS);
		return NULL;
	}
	carrier->octets += octets;
	document = must_calloc(1, sizeof(*document));
	carrier->documents[carrier->document_count++] = document;
	return document;
}

/* The file is one signature. */
static bool read_bare(const struct carrier_source *source, struct carrier *carrier, struct err *err)
{
	struct carrier_document *document;

	if (source->size > CARRIER_MAX_CMS)
		return err_set(err, "a CMS file: at most %d bytes: has %" PRIu64, CARRIER_MAX_CMS,
			source->size);
	document = carrier_new_document(carrier, (size_t)source->size, err);
	if (document == NULL ||
		!carrier_source_append(source, 0, (size_t)source->size, &document->owned, err))
		return false;
	pem_decode(&document->owned);
	document->der = buf_view(&document->owned);
	return true;
}

/* By what it begins with. */
static bool read_file(const struct carrier_source *source, struct carrier *carrier, struct err *err)
{
	uint8_t magic[4] = { 0 };

	if (source->size < sizeof(magic))
		return err_set(err, "it is too short for a signature, a program or a JAR");
	if (!carrier_source_read(source, 0, sizeof(magic), magic, err))
		return false;
	if (memcmp(magic, "MZ", 2) == 0) {
		carrier->kind = CARRIER_PE;
		return carrier_read_pe(source, carrier, err);
	}
	if (memcmp(magic, "PK\003\004", 4) == 0 || memcmp(magic, "PK\005\006", 4) == 0) {
		carrier->kind = CARRIER_JAR;
		return carrier_read_zip(source, carrier, err);
	}
	if (magic[0] == 0x30 || memcmp(magic, "----", 4) == 0) {
		carrier->kind = CARRIER_CMS;
		return read_bare(source, carrier, err);
	}
	return err_set(err, "it is no CMS signature, no PE program and no JAR");
}

struct carrier *carrier_open(const struct carrier_source *source, struct err *err)
{
	struct carrier *carrier = must_calloc(1, sizeof(*carrier));
	bool ok = read_file(source, carrier, err);

	/* What is nested comes after what it is nested in. */
	for (unsigned i = 0; ok && i < carrier->document_count; i++) {
		ok = carrier_read_cms(carrier, i, err);
		if (!ok && carrier->documents[i]->place[0] != '\0')
			(void)err_while(err, "%s", carrier->documents[i]->place);
	}
	if (!ok) {
		carrier_free(carrier);
		return NULL;
	}
	return carrier;
}

void carrier_free(struct carrier *carrier)
{
	if (carrier == NULL)
		return;
	for (unsigned i = 0; i < carrier->document_count; i++) {
		buf_free(&carrier->documents[i]->owned);
		buf_free(&carrier->documents[i]->content);
		free(carrier->documents[i]);
	}
	for (unsigned i = 0; i < carrier->signature_count; i++) {
		X509_free(carrier->signatures[i].signer);
		buf_free(&carrier->values[i]);
	}
	free(carrier);
}

enum carrier_kind carrier_kind(const struct carrier *carrier)
{
	return carrier->kind;
}

unsigned carrier_signature_count(const struct carrier *carrier)
{
	return carrier->signature_count;
}

unsigned carrier_stamp_count(const struct carrier *carrier)
{
	return carrier->stamp_count;
}

const struct carrier_signature *carrier_signature(const struct carrier *carrier, unsigned i)
{
	return &carrier->signatures[i];
}

const struct carrier_stamp *carrier_stamp(const struct carrier *carrier, unsigned i)
{
	return &carrier->stamps[i];
}

bool carrier_beside(const struct carrier *carrier, unsigned document, size_t *at,
	enum carrier_beside *what, struct bytes *der)
{
	const struct carrier_document *d = carrier->documents[document];
	size_t i = *at;

	if (i < d->certificate_count) {
		*what = CARRIER_CERTIFICATE;
		*der = d->certificates[i];
	} else if ((i -= d->certificate_count) < d->crl_count) {
		*what = CARRIER_CRL;
		*der = d->crls[i];
	} else if ((i -= d->crl_count) < d->ocsp_count) {
		*what = CARRIER_OCSP;
		*der = d->ocsps[i];
	} else {
		return false;
	}
	(*at)++;
	return true;
}

unsigned carrier_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct carrier_signature *signature = arg;
	unsigned len = 0;

	if (EVP_Digest(signature->value.at, signature->value.len, out, &len, digest, NULL) == 1)
		return len;
	ERR_clear_error();
	return 0;
}

const char *carrier_stamp_name(enum carrier_stamp_kind kind)
{
	static const char *const names[] = {
		[CARRIER_RFC3161] = "RFC 3161 time-stamp",
		[CARRIER_MICROSOFT] = "RFC 3161 time-stamp in Microsoft's attribute",
		[CARRIER_COUNTERSIGNATURE] = "PKCS #9 countersignature",
	};

	return names[kind];
}
