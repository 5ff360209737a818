/*
 * Programs of Windows (PE, PE32+): the attribute certificate table. Owns nothing. The clauses are
 * those of Microsoft's "PE Format".
 */
#include "carrier_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DOS_HEADER = 64,
	AT_PE_OFFSET = 0x3c,
	COFF_HEADER = 24, /* with "PE\0\0" */
	AT_OPTIONAL_SIZE = 20,
	MAX_OPTIONAL = 4096, /* the largest that is read; 240 is usual */
	MAGIC_PE32 = 0x10b,
	MAGIC_PE32_PLUS = 0x20b,
	PE32_DIRECTORIES = 96, /* where the data directories begin */
	PE32_PLUS_DIRECTORIES = 112,
	DIRECTORY = 8,
	CERTIFICATE_TABLE = 4, /* its number */
	WIN_CERTIFICATE = 8, /* octets before bCertificate */
	PKCS_SIGNED_DATA = 2,
	ALIGNMENT = 8,
	MAX_TABLE_ENTRIES = 256,
};

/* Where the certificate table is; size 0: there is none. Its address is an offset in the file. */
static bool find_table(
	const struct carrier_source *source, uint32_t *offset, uint32_t *size, struct err *err)
{
	uint8_t dos[DOS_HEADER], coff[COFF_HEADER], optional[MAX_OPTIONAL];
	size_t directories, optional_size;
	uint32_t pe, count;

	if (!carrier_source_read(source, 0, sizeof(dos), dos, err))
		return err_while(err, "DOS header");
	pe = carrier_le32(dos + AT_PE_OFFSET);
	if (!carrier_source_read(source, pe, sizeof(coff), coff, err))
		return err_while(err, "PE header");
	if (memcmp(coff, "PE\0\0", 4) != 0)
		return err_set(
			err, "offset %" PRIu32 ": PE header: it must begin with PE: does not", pe);
	optional_size = carrier_le16(coff + AT_OPTIONAL_SIZE);
	if (optional_size > sizeof(optional))
		optional_size = sizeof(optional);
	if (!carrier_source_read(source, (uint64_t)pe + COFF_HEADER, optional_size, optional, err))
		return err_while(err, "optional header");
	if (optional_size < 2 ||
		(carrier_le16(optional) != MAGIC_PE32 && carrier_le16(optional) != MAGIC_PE32_PLUS))
		return err_set(err, "optional header: it must be PE32 or PE32+: is neither");
	directories =
		carrier_le16(optional) == MAGIC_PE32 ? PE32_DIRECTORIES : PE32_PLUS_DIRECTORIES;
	*size = 0;
	if (optional_size < directories)
		return err_set(err, "optional header: it is too short: has %zu", optional_size);
	count = carrier_le32(optional + directories - 4);
	if (count <= CERTIFICATE_TABLE ||
		optional_size < directories + (CERTIFICATE_TABLE + 1) * DIRECTORY)
		return true;
	*offset = carrier_le32(optional + directories + CERTIFICATE_TABLE * DIRECTORY);
	*size = carrier_le32(optional + directories + CERTIFICATE_TABLE * DIRECTORY + 4);
	return true;
}

/* One entry: dwLength, wRevision, wCertificateType, bCertificate. */
static bool read_entry(const struct carrier_source *source, uint64_t at, uint64_t left,
	unsigned number, struct carrier *carrier, uint32_t *length, struct err *err)
{
	uint8_t head[WIN_CERTIFICATE];
	struct carrier_document *document;
	size_t size;

	if (left < sizeof(head))
		return err_set(err, "its head is cut off");
	if (!carrier_source_read(source, at, sizeof(head), head, err))
		return false;
	*length = carrier_le32(head);
	if (*length < sizeof(head) || *length > left)
		return err_set(
			err, "dwLength must be 8 to %" PRIu64 ": is %" PRIu32, left, *length);
	if (carrier_le16(head + 6) != PKCS_SIGNED_DATA)
		return true; /* other kinds are reserved, and nobody uses them */
	size = *length - sizeof(head);
	if (size > CARRIER_MAX_ENTRY)
		return err_set(err, "at most %d bytes: has %zu", CARRIER_MAX_ENTRY, size);
	document = carrier_new_document(carrier, size, err);
	if (document == NULL ||
		!carrier_source_append(source, at + sizeof(head), size, &document->owned, err))
		return false;
	document->der = buf_view(&document->owned);
	(void)snprintf(document->place, sizeof(document->place), "certificate %u", number);
	return true;
}

bool carrier_read_pe(const struct carrier_source *source, struct carrier *carrier, struct err *err)
{
	uint32_t offset = 0, size = 0, length = 0;
	uint64_t at, end;

	if (!find_table(source, &offset, &size, err))
		return false;
	if (size == 0)
		return true;
	if (!carrier_source_has(source, offset, size))
		return err_set(err,
			"certificate table: it must be inside the file: is %" PRIu32
			" bytes at offset %" PRIu32,
			size, offset);
	at = offset;
	end = at + size;
	for (unsigned number = 1; at < end; number++) {
		if (number > MAX_TABLE_ENTRIES)
			return err_set(err, "certificate table: at most %d entries: has more",
				MAX_TABLE_ENTRIES);
		if (!read_entry(source, at, end - at, number, carrier, &length, err))
			return err_while(
				err, "certificate table, entry %u at offset %" PRIu64, number, at);
		at += ((uint64_t)length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	}
	return true;
}
