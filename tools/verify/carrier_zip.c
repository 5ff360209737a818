/*
 * Signed JARs: the signature block files of a ZIP's META-INF, each with its .SF. The central
 * directory is read here, strictly, and zlib inflates: of the ZIP libraries in Debian each brings
 * further compressions and encryptions for hostile input to reach, and none says where two records
 * contradict. Owns its buffers while it reads. The clauses are those of PKWARE's APPNOTE.
 */
#include "carrier_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

enum {
	END_RECORD = 22, /* 4.3.16 */
	END_MAGIC = 0x06054b50,
	MAX_COMMENT = 65535,
	END64_LOCATOR = 20, /* 4.3.15 */
	END64_LOCATOR_MAGIC = 0x07064b50,
	END64_RECORD = 56, /* 4.3.14 */
	END64_MAGIC = 0x06064b50,
	CENTRAL_HEADER = 46, /* 4.3.12 */
	CENTRAL_MAGIC = 0x02014b50,
	LOCAL_HEADER = 30, /* 4.3.7 */
	LOCAL_MAGIC = 0x04034b50,
	MAX_DIRECTORY = 64 << 20,
	MAX_NAME = 100, /* of a signature block file */
	FLAG_ENCRYPTED = 1,
	STORED = 0,
	DEFLATED = 8,
};

/* The central directory. */
struct directory {
	uint64_t base; /* of what the file's own offsets count from: something may stand before */
	uint64_t offset; /* in the file */
	uint64_t size;
	struct buf octets;
};

/* One entry of it that concerns signatures. */
struct entry {
	char name[MAX_NAME + 1];
	unsigned method;
	uint32_t crc;
	uint32_t packed;
	uint32_t size;
	uint64_t local; /* offset in the file */
};

struct entries {
	struct entry at[2 * CARRIER_MAX_SIGNATURES]; /* blocks and .SF */
	unsigned count;
};

/* With more than 65,535 entries the numbers stand in another record (4.4.1.4). */
static bool read_end64(const struct carrier_source *source, uint64_t end_at,
	struct directory *directory, uint64_t *said_offset, struct err *err)
{
	uint8_t locator[END64_LOCATOR], record[END64_RECORD];
	uint64_t at;

	if (end_at < sizeof(locator) || !carrier_source_read(source, end_at - sizeof(locator),
						sizeof(locator), locator, err))
		return err_set(err, "the ZIP64 locator is missing");
	at = carrier_le64(locator + 8);
	if (carrier_le32(locator) != END64_LOCATOR_MAGIC || at > end_at - sizeof(locator) ||
		!carrier_source_read(source, at, sizeof(record), record, err) ||
		carrier_le32(record) != END64_MAGIC)
		return err_set(err, "the ZIP64 end record is missing");
	directory->size = carrier_le64(record + 40);
	*said_offset = carrier_le64(record + 48);
	if (directory->size > at || *said_offset > at - directory->size)
		return err_set(
			err, "the central directory must end before its end record: does not");
	directory->offset = at - directory->size;
	return true;
}

/* The end record whose comment ends with the file (4.3.16). */
static bool find_end(const struct carrier_source *source, uint8_t record[END_RECORD],
	uint64_t *end_at, struct err *err)
{
	size_t tail = END_RECORD + MAX_COMMENT;
	struct buf octets = { 0 };
	bool found = false;

	if (source->size < tail)
		tail = (size_t)source->size;
	if (tail < END_RECORD ||
		!carrier_source_append(source, source->size - tail, tail, &octets, err)) {
		buf_free(&octets);
		return err_set(err, "the end of the central directory is missing");
	}
	for (size_t at = tail - END_RECORD + 1; !found && at-- > 0;) {
		const uint8_t *here = octets.at + at;

		found = carrier_le32(here) == END_MAGIC &&
			carrier_le16(here + 20) == tail - at - END_RECORD;
		if (found) {
			memcpy(record, here, END_RECORD);
			*end_at = source->size - tail + at;
		}
	}
	buf_free(&octets);
	return found || err_set(err, "the end of the central directory is missing");
}

static bool find_directory(
	const struct carrier_source *source, struct directory *directory, struct err *err)
{
	uint8_t record[END_RECORD];
	uint64_t end_at = 0, said_offset;

	if (!find_end(source, record, &end_at, err))
		return false;
	if (carrier_le16(record + 4) != 0 || carrier_le16(record + 6) != 0)
		return err_set(err, "it must be in one part: is in several");
	directory->size = carrier_le32(record + 12);
	said_offset = carrier_le32(record + 16);
	if (carrier_le16(record + 10) == UINT16_MAX || directory->size == UINT32_MAX ||
		said_offset == UINT32_MAX) {
		if (!read_end64(source, end_at, directory, &said_offset, err))
			return false;
	} else if (directory->size > end_at || said_offset > end_at - directory->size) {
		return err_set(
			err, "the central directory must end before its end record: does not");
	} else {
		directory->offset = end_at - directory->size;
	}
	directory->base = directory->offset - said_offset;
	if (directory->size > MAX_DIRECTORY)
		return err_set(err, "central directory: at most %d bytes: has %" PRIu64,
			MAX_DIRECTORY, directory->size);
	return carrier_source_append(
		source, directory->offset, (size_t)directory->size, &directory->octets, err);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcasecmp(name + len - suffix_len, suffix) == 0;
}

static bool is_block(const char *name)
{
	return ends_with(name, ".RSA") || ends_with(name, ".DSA") || ends_with(name, ".EC");
}

/* JAR File Specification, "Signature File": names count without regard to case. */
static bool is_wanted(struct bytes name)
{
	static const char folder[] = "META-INF/";
	size_t prefix = sizeof(folder) - 1;
	char text[MAX_NAME + 1];

	if (name.len <= prefix || name.len > MAX_NAME ||
		strncasecmp((const char *)name.at, folder, prefix) != 0 ||
		memchr(name.at + prefix, '/', name.len - prefix) != NULL ||
		memchr(name.at, '\0', name.len) != NULL)
		return false;
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	return is_block(text) || ends_with(text, ".SF");
}

static bool add_entry(const uint8_t *header, struct bytes name, const struct directory *directory,
	struct entries *entries, struct err *err)
{
	struct entry *entry = &entries->at[entries->count];
	uint64_t local = carrier_le32(header + 42);

	if (entries->count == sizeof(entries->at) / sizeof(entries->at[0]))
		return err_set(err, "at most %d signature files: there are more",
			2 * CARRIER_MAX_SIGNATURES);
	*entry = (struct entry){
		.method = carrier_le16(header + 10),
		.crc = carrier_le32(header + 16),
		.packed = carrier_le32(header + 20),
		.size = carrier_le32(header + 24),
		.local = directory->base + local,
	};
	memcpy(entry->name, name.at, name.len);
	for (unsigned i = 0; i < entries->count; i++)
		if (strcasecmp(entries->at[i].name, entry->name) == 0)
			return err_set(
				err, "%s: it must be there once: is there twice", entry->name);
	if ((carrier_le16(header + 8) & FLAG_ENCRYPTED) != 0 ||
		(entry->method != STORED && entry->method != DEFLATED))
		return err_set(err, "%s: it must be stored or deflated: is neither", entry->name);
	if (entry->size > CARRIER_MAX_ENTRY || entry->packed > CARRIER_MAX_ENTRY)
		return err_set(
			err, "%s: at most %d bytes: has more", entry->name, CARRIER_MAX_ENTRY);
	entries->count++;
	return true;
}

static bool read_directory(
	const struct directory *directory, struct entries *entries, struct err *err)
{
	struct bytes left = buf_view(&directory->octets);

	while (left.len > 0) {
		struct bytes name;
		size_t name_len, all;

		if (left.len < CENTRAL_HEADER || carrier_le32(left.at) != CENTRAL_MAGIC)
			return err_set(err, "offset %" PRIu64 ": a central header is to be there",
				directory->offset + directory->size - left.len);
		name_len = carrier_le16(left.at + 28);
		all = (size_t)CENTRAL_HEADER + name_len + carrier_le16(left.at + 30) +
		      carrier_le16(left.at + 32);
		if (all > left.len)
			return err_set(err, "offset %" PRIu64 ": the central header is cut off",
				directory->offset + directory->size - left.len);
		name = (struct bytes){ left.at + CENTRAL_HEADER, name_len };
		if (is_wanted(name) && !add_entry(left.at, name, directory, entries, err))
			return false;
		left = (struct bytes){ left.at + all, left.len - all };
	}
	return true;
}

/* Exactly size octets come out of all of packed. */
static bool inflate_all(struct bytes packed, uint8_t *out, size_t size)
{
	z_stream stream = { .next_in = (z_const Bytef *)packed.at,
		.avail_in = (uInt)packed.len,
		.next_out = out,
		.avail_out = (uInt)size };
	int result;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		abort();
	result = inflate(&stream, Z_FINISH);
	(void)inflateEnd(&stream);
	return result == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
}

/* Reads one entry; its local header must not name another file (4.3.7). */
static bool read_entry(const struct carrier_source *source, const struct entry *entry,
	struct buf *out, struct err *err)
{
	uint8_t header[LOCAL_HEADER], name[MAX_NAME];
	size_t name_len = strlen(entry->name);
	struct buf packed = { 0 };
	uint8_t *octets = NULL;
	bool ok;

	if (!carrier_source_read(source, entry->local, sizeof(header), header, err))
		return false;
	if (carrier_le32(header) != LOCAL_MAGIC || carrier_le16(header + 26) != name_len)
		return err_set(err, "its local header is not as the central directory says");
	if (!carrier_source_read(source, entry->local + sizeof(header), name_len, name, err))
		return false;
	if (memcmp(name, entry->name, name_len) != 0)
		return err_set(err, "its local header has another name");
	ok = carrier_source_append(source,
		entry->local + sizeof(header) + name_len + carrier_le16(header + 28), entry->packed,
		&packed, err);
	if (ok && entry->method == STORED) {
		buf_append(out, buf_view(&packed));
		ok = packed.len == entry->size || err_set(err, "its size contradicts");
	} else if (ok) {
		octets = must_calloc((size_t)entry->size + 1, 1);
		ok = inflate_all(buf_view(&packed), octets, entry->size) ||
		     err_set(err, "it must inflate to %" PRIu32 " bytes: does not", entry->size);
		if (ok)
			buf_append(out, (struct bytes){ octets, entry->size });
	}
	if (ok && crc32(crc32(0, NULL, 0), out->at, (uInt)out->len) != entry->crc)
		ok = err_set(err, "its CRC-32 must be %08" PRIx32 ": is not", entry->crc);
	free(octets);
	buf_free(&packed);
	return ok;
}

/* What META-INF/NAME.RSA signs: META-INF/NAME.SF. NULL: not there. */
static const struct entry *signature_file(const struct entries *entries, const struct entry *block)
{
	size_t stem = (size_t)(strrchr(block->name, '.') - block->name);

	for (unsigned i = 0; i < entries->count; i++) {
		const char *name = entries->at[i].name;

		if (ends_with(name, ".SF") && strlen(name) == stem + 3 &&
			strncasecmp(name, block->name, stem) == 0)
			return &entries->at[i];
	}
	return NULL;
}

static bool read_block(const struct carrier_source *source, const struct entries *entries,
	const struct entry *block, struct carrier *carrier, struct err *err)
{
	const struct entry *signed_file = signature_file(entries, block);
	struct carrier_document *document = carrier_new_document(carrier, block->size, err);

	if (document == NULL || !read_entry(source, block, &document->owned, err))
		return err_while(err, "%s", block->name);
	document->der = buf_view(&document->owned);
	(void)snprintf(document->place, sizeof(document->place), "%s", block->name);
	if (signed_file == NULL)
		return true;
	if (signed_file->size > CARRIER_MAX_OCTETS - carrier->octets)
		return err_set(err, "%s: at most %d bytes in all: has more", signed_file->name,
			CARRIER_MAX_OCTETS);
	carrier->octets += signed_file->size;
	return read_entry(source, signed_file, &document->content, err) ||
	       err_while(err, "%s", signed_file->name);
}

bool carrier_read_zip(const struct carrier_source *source, struct carrier *carrier, struct err *err)
{
	struct directory directory = { 0 };
	struct entries *entries = must_calloc(1, sizeof(*entries));
	bool ok =
		find_directory(source, &directory, err) && read_directory(&directory, entries, err);

	for (unsigned i = 0; ok && i < entries->count; i++)
		if (is_block(entries->at[i].name))
			ok = read_block(source, entries, &entries->at[i], carrier, err);
	if (!ok)
		(void)err_while(err, "ZIP");
	buf_free(&directory.octets);
	free(entries);
	return ok;
}
