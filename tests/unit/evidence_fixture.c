/* Owns what a record is made of while it is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/objects.h>

#include "evidence_fixture.h"
#include "tsa/tsp/der.h"

enum { NEW_YEAR_2024 = 1704067200, SHA1_ENDS = 1343779200 };

/* The neighbour, played: SHA-1 until 2012-08-01, everything else for ever. */
int64_t algorithms_digest(const struct algorithms *table, int digest)
{
	(void)table;
	return digest == NID_sha1 ? SHA1_ENDS : ALGORITHMS_NO_END;
}

void put_element(struct buf *out, uint8_t tag, struct bytes content)
{
	uint8_t length[6];
	size_t at = sizeof(length);
	size_t len = content.len;

	if (len >= 0x80) {
		for (; len > 0; len >>= 8)
			length[--at] = (uint8_t)len;
		len = 0x80 | (sizeof(length) - at);
	}
	length[--at] = (uint8_t)len;
	buf_append(out, (struct bytes){ &tag, 1 });
	buf_append(out, (struct bytes){ length + at, sizeof(length) - at });
	buf_append(out, content);
}

/* The element around what was put into inner, which is freed. */
static void put_around(struct buf *out, uint8_t tag, struct buf *inner)
{
	put_element(out, tag, buf_view(inner));
	buf_free(inner);
}

static void put_oid(struct buf *out, const char *dotted)
{
	uint8_t oid[64];
	size_t len = der_oid_from_text(dotted, oid, sizeof(oid));

	put_element(out, DER_OID, (struct bytes){ oid, len });
}

static void put_algorithm(struct buf *out, uint8_t tag, const EVP_MD *digest)
{
	struct buf inner = { 0 };
	char dotted[64];

	OBJ_obj2txt(dotted, sizeof(dotted), OBJ_nid2obj(EVP_MD_get_type(digest)), 1);
	put_oid(&inner, dotted);
	put_around(out, tag, &inner);
}

static void put_small(struct buf *out, uint8_t value)
{
	put_element(out, DER_INTEGER, (struct bytes){ &value, 1 });
}

static struct bytes view(const struct made_hash *hash)
{
	return (struct bytes){ hash->at, hash->len };
}

struct made_hash hash_of_bytes(const EVP_MD *digest, struct bytes in)
{
	struct made_hash hash;
	unsigned len;

	assert_int_equal(EVP_Digest(in.at, in.len, hash.at, &len, digest, NULL), 1);
	hash.len = len;
	return hash;
}

struct made_hash hash_of_text(const EVP_MD *digest, const char *text)
{
	return hash_of_bytes(digest, bytes_of_text(text));
}

struct made_hash hash_of_two(const EVP_MD *digest, struct made_hash a, struct made_hash b)
{
	struct buf both = { 0 };
	struct made_hash hash;

	buf_append(&both, view(&a));
	buf_append(&both, view(&b));
	hash = hash_of_bytes(digest, buf_view(&both));
	buf_free(&both);
	return hash;
}

/* The hash of all of a list and one more, the smallest that is left each time. */
static struct made_hash value_of(
	const EVP_MD *digest, const struct made_list *list, const struct made_hash *carried)
{
	struct made_hash all[MADE_MAX_HASHES + 1];
	unsigned count = list->count;
	struct buf joined = { 0 };
	struct made_hash value;

	memcpy(all, list->hash, sizeof(list->hash));
	if (carried != NULL)
		all[count++] = *carried;
	while (count > 0) {
		unsigned least = 0;

		for (unsigned i = 1; i < count; i++)
			if (memcmp(all[i].at, all[least].at, all[i].len) < 0)
				least = i;
		buf_append(&joined, view(&all[least]));
		all[least] = all[--count];
	}
	value = hash_of_bytes(digest, buf_view(&joined));
	buf_free(&joined);
	return value;
}

static struct made_hash root_of(const struct made_stamp *stamp)
{
	struct made_hash carried = stamp->lists[0].hash[0];

	for (unsigned i = 0; i < stamp->list_count; i++)
		if (i > 0 || stamp->lists[0].count > 1 || stamp->rehash)
			carried =
				value_of(stamp->digest, &stamp->lists[i], i == 0 ? NULL : &carried);
	return carried;
}

struct made_stamp lone_stamp(const EVP_MD *digest, struct made_hash hash, const char *time)
{
	return (struct made_stamp){ .digest = digest, .imprint = hash, .time = time };
}

struct made_stamp list_stamp(const EVP_MD *digest, const char *time, struct made_hash a,
	struct made_hash b, struct made_hash c)
{
	struct made_stamp stamp = { .digest = digest, .time = time, .list_count = 1 };

	stamp.lists[0] = (struct made_list){ { a, b, c }, 0 };
	while (stamp.lists[0].count < 3 && stamp.lists[0].hash[stamp.lists[0].count].len > 0)
		stamp.lists[0].count++;
	return stamp;
}

/* A ContentInfo as far as anybody looks who leaves its signature to others. */
static void put_token(struct buf *out, const struct made_stamp *stamp)
{
	struct made_hash imprint = stamp->imprint.len > 0 ? stamp->imprint : root_of(stamp);
	struct buf tst = { 0 };
	struct buf part = { 0 };
	struct buf data = { 0 };
	struct buf info = { 0 };

	put_small(&tst, 1);
	put_oid(&tst, "1.2.3.4");
	put_algorithm(&part, DER_SEQUENCE, stamp->digest);
	put_element(&part, DER_OCTET_STRING, view(&imprint));
	put_around(&tst, DER_SEQUENCE, &part);
	put_small(&tst, 7);
	put_element(&tst, DER_GENERALIZED_TIME, bytes_of_text(stamp->time));
	put_around(&part, DER_SEQUENCE, &tst);
	put_around(&tst, DER_OCTET_STRING, &part);
	put_oid(&part, "1.2.840.113549.1.9.16.1.4");
	put_around(&part, DER_CONTEXT_CONSTRUCTED, &tst);
	put_small(&data, 3);
	put_element(&data, DER_SET, (struct bytes){ 0 });
	put_around(&data, DER_SEQUENCE, &part);
	put_element(&data, DER_SET, (struct bytes){ 0 });
	put_around(&part, DER_SEQUENCE, &data);
	put_oid(&info, "1.2.840.113549.1.7.2");
	put_around(&info, DER_CONTEXT_CONSTRUCTED, &part);
	put_around(out, DER_SEQUENCE, &info);
}

static void put_tree(struct buf *out, const struct made_stamp *stamp)
{
	struct buf tree = { 0 };

	for (unsigned i = 0; i < stamp->list_count; i++) {
		struct buf list = { 0 };

		for (unsigned j = 0; j < stamp->lists[i].count; j++)
			put_element(&list, DER_OCTET_STRING, view(&stamp->lists[i].hash[j]));
		put_around(&tree, DER_SEQUENCE, &list);
	}
	put_around(out, DER_CONTEXT_CONSTRUCTED | 2, &tree);
}

void made_add(struct made *made, const struct made_stamp *stamp)
{
	struct buf inner = { 0 };

	if (made->chain_count == 0)
		made_next_chain(made);
	buf_free(&made->token);
	buf_free(&made->stamp);
	if (stamp->no_token)
		put_element(&made->token, DER_SEQUENCE, (struct bytes){ 0 });
	else
		put_token(&made->token, stamp);
	if (!stamp->no_digest_field)
		put_algorithm(&inner, DER_CONTEXT_CONSTRUCTED,
			stamp->other_digest != NULL ? stamp->other_digest : stamp->digest);
	if (stamp->list_count > 0)
		put_tree(&inner, stamp);
	buf_append(&inner, buf_view(&made->token));
	put_around(&made->stamp, DER_SEQUENCE, &inner);
	buf_append(&made->chains[made->chain_count - 1], buf_view(&made->stamp));
}

void made_next_chain(struct made *made)
{
	assert_true(made->chain_count < MADE_MAX_CHAINS);
	made->chain_count++;
}

static struct buf sequence_of(const struct made *made)
{
	struct buf chains = { 0 };
	struct buf sequence = { 0 };

	for (unsigned i = 0; i < made->chain_count; i++)
		put_element(&chains, DER_SEQUENCE, buf_view(&made->chains[i]));
	put_around(&sequence, DER_SEQUENCE, &chains);
	return sequence;
}

struct made_hash made_before(const struct made *made, const EVP_MD *digest)
{
	struct buf sequence = sequence_of(made);
	struct made_hash hash = hash_of_bytes(digest, buf_view(&sequence));

	buf_free(&sequence);
	return hash;
}

struct buf made_record(const struct made *made)
{
	struct buf sequence = sequence_of(made);
	struct buf inner = { 0 };
	struct buf part = { 0 };
	struct buf record = { 0 };

	put_small(&inner, made->version == 0 ? 1 : made->version);
	for (size_t i = 0; i < 4 && made->declared[i] != NULL; i++)
		put_algorithm(&part, DER_SEQUENCE, made->declared[i]);
	if (made->declared[0] == NULL) {
		put_algorithm(&part, DER_SEQUENCE, EVP_sha256());
		put_algorithm(&part, DER_SEQUENCE, EVP_sha512());
		put_algorithm(&part, DER_SEQUENCE, EVP_sha1());
	}
	put_around(&inner, DER_SEQUENCE, &part);
	if (made->encrypted)
		put_element(&inner, DER_CONTEXT_CONSTRUCTED | 1, (struct bytes){ 0 });
	buf_append(&inner, buf_view(&sequence));
	buf_free(&sequence);
	put_around(&record, DER_SEQUENCE, &inner);
	return record;
}

void made_wipe(struct made *made)
{
	for (unsigned i = 0; i < made->chain_count; i++)
		buf_free(&made->chains[i]);
	buf_free(&made->token);
	buf_free(&made->stamp);
	*made = (struct made){ 0 };
}

struct object {
	const char *text;
	const EVP_MD *only;
};

static unsigned digest_of(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct object *object = arg;
	struct made_hash hash = hash_of_text(digest, object->text);

	if (object->only != NULL && EVP_MD_get_type(object->only) != EVP_MD_get_type(digest))
		return 0;
	memcpy(out, hash.at, hash.len);
	return (unsigned)hash.len;
}

static const struct verdict *check(void *arg, const struct evidence_stamp *stamp)
{
	static struct verdict verdict;
	struct asked *asked = arg;

	assert_true(stamp->token.len > 0);
	verdict_start(&verdict);
	if (asked->calls < 8)
		asked->times[asked->calls] = stamp->at;
	if ((int)++asked->calls == asked->bad_stamp) {
		verdict_need(&verdict, "an older time-stamp");
		(void)verdict_fail(&verdict, "V-TIME", CHECK_INDETERMINATE,
			SUB_OUT_OF_BOUNDS_NO_POE, "played");
	}
	return &verdict;
}

void ask(struct made *made, struct asked *asked)
{
	struct buf in = made_record(made);
	struct err err = { 0 };
	struct evidence_record *record = evidence_read(buf_view(&in), &err);
	struct object objects[4];
	struct evidence_object wanted[4];
	struct evidence_wants wants = {
		.objects = wanted,
		.exact_group = asked->exact_group,
		.rehash_single = asked->rehash_single,
		.at = asked->at == NULL ? NEW_YEAR_2024 : strtoll(asked->at, NULL, 10),
		.check = asked->no_tokens ? NULL : check,
		.check_arg = asked,
	};

	if (record == NULL)
		fail_msg("it must be a record: %s", err.text);
	for (; wants.count < 4 && asked->objects[wants.count] != NULL; wants.count++) {
		objects[wants.count] = (struct object){ asked->objects[wants.count], asked->only };
		wanted[wants.count] = (struct evidence_object){ asked->objects[wants.count],
			digest_of, &objects[wants.count] };
	}
	evidence_check(record, &wants, &asked->report);
	evidence_free(record);
	buf_free(&in);
	made_wipe(made);
}

void expect(const struct asked *asked, enum check_status status, enum check_sub sub, const char *id,
	const char *text)
{
	const struct verdict *verdict = &asked->report.verdict;

	if (verdict->status != status || verdict->sub != sub)
		fail_msg("wanted %s/%s, found %s/%s: %s", check_status_name(status),
			check_sub_name(sub), check_status_name(verdict->status),
			check_sub_name(verdict->sub), verdict->why);
	for (unsigned i = 0; i < verdict->line_count; i++)
		if (verdict->lines[i].result == CHECK_FAIL &&
			strcmp(verdict->lines[i].id, id) == 0 &&
			strstr(verdict->lines[i].text, text) != NULL)
			return;
	fail_msg("wanted a line %s '%s', found %s", id, text, verdict->why);
}

void expect_passed(const struct asked *asked)
{
	const struct verdict *verdict = &asked->report.verdict;

	if (verdict->status != CHECK_PASSED)
		fail_msg("wanted PASSED, found %s: %s", check_status_name(verdict->status),
			verdict->why);
	for (unsigned i = 0; i < verdict->line_count; i++)
		assert_int_not_equal(verdict->lines[i].result, CHECK_FAIL);
}
