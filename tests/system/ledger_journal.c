#include "ledger_journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tsa/core/log.h"
#include "tsa/record/body.h"

enum { RECORDS_A_FRAME = 64 };

/* 2026-11-24T08:00:00Z; each record is a millisecond later than the one before. */
static const uint64_t first_time_us = UINT64_C(1795507200) * 1000000;

static void write_whole(int fd, struct bytes b, uint64_t at)
{
	if (pwrite(fd, b.at, b.len, (off_t)at) != (ssize_t)b.len)
		BUG("journal of a test: cannot write");
}

static void new_segment(struct ledger_journal *j)
{
	uint8_t header[SEGMENT_HEADER];
	char name[SEGMENT_NAME];
	char path[JOURNAL_PATH];

	if (j->fd >= 0)
		(void)close(j->fd);
	j->header = (struct segment_header){ .instance = j->instance,
		.lease = j->lease,
		.lease_seq = j->lease_seq,
		.first_seq = j->frame_seq,
		.created_us = first_time_us + j->seq };
	memcpy(j->header.chain, j->chain, HASH_LEN);
	segment_header_encode(&j->header, header);
	segment_name(j->frame_seq, name);
	journal_path(j->directory, name, path);
	j->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (j->fd < 0 || ftruncate(j->fd, SEGMENT_SIZE) != 0)
		BUG("journal of a test: cannot create %s", path);
	write_whole(j->fd, (struct bytes){ header, sizeof(header) }, 0);
	j->at = SEGMENT_HEADER;
}

static void make_room(struct ledger_journal *j)
{
	if (j->fd < 0 || j->at + FRAME_MAX_LEN / 8 > j->size_limit)
		new_segment(j);
}

void ledger_journal_begin(struct ledger_journal *j, const char *directory, uint32_t instance)
{
	char path[JOURNAL_PATH];
	FILE *file;

	memset(j, 0, sizeof(*j));
	(void)snprintf(j->directory, sizeof(j->directory), "%s", directory);
	j->instance = instance;
	j->fd = -1;
	j->size_limit = SEGMENT_SIZE;
	journal_path(directory, "instance", path);
	if (mkdir(directory, 0700) != 0)
		BUG("journal of a test: cannot make %s", directory);
	file = fopen(path, "wx");
	if (file == NULL || fprintf(file, "%08" PRIx32 "\n", instance) < 0 || fclose(file) != 0)
		BUG("journal of a test: cannot write %s", path);
	frame_begin(&j->frame);
	j->frame_seq = 1;
}

void ledger_journal_end(struct ledger_journal *j)
{
	if (j->fd >= 0)
		(void)close(j->fd);
	buf_free(&j->frame);
	buf_free(&j->kept);
	j->fd = -1;
}

/* The header of a segment is of the lease before its first record. */
void ledger_journal_flush(struct ledger_journal *j)
{
	if (j->in_frame == 0)
		return;
	frame_finish(&j->frame, j->in_frame, j->frame_seq, j->chain);
	write_whole(j->fd, buf_view(&j->frame), j->at);
	j->at += j->frame.len;
	frame_begin(&j->frame);
	j->in_frame = 0;
	j->frame_seq = j->seq + 1;
}

static void keep(struct ledger_journal *j, const struct msg_record *record)
{
	struct ledger_journal_row row = { .lease = record->lease, .ctr = record->ctr };

	memcpy(row.leaf_hash, record->leaf_hash, HASH_LEN);
	hash_one(record->body, row.body_sha256);
	buf_append(&j->kept, (struct bytes){ (const uint8_t *)&row, sizeof(row) });
}

/* These tokens are no DER: their body stands for TSTInfo and signature alike. */
static void write_entry(const struct msg_record *r, uint32_t instance, uint8_t out[ENTRY_LEN])
{
	const struct serial serial = { instance, r->lease, r->ctr };
	uint8_t key_id[HASH_LEN] = { 1 };

	if (r->kind == RECORD_TOKEN)
		entry_of_token(serial, r->time_us, key_id, r->body, r->body, out);
	else
		entry_of_event((enum record_kind)r->kind, serial, r->time_us, r->body, out);
}

static void add(struct ledger_journal *j, enum record_kind kind, struct bytes body)
{
	struct msg_record r = { .seq = j->seq + 1,
		.lease = j->lease,
		.ctr = j->ctr,
		.kind = (uint8_t)kind,
		.time_us = first_time_us + 1000 * j->seq,
		.body = body };
	uint8_t entry[ENTRY_LEN];

	if (kind == RECORD_TOKEN) {
		r.flags = j->ctr & 1;
		r.tsu_id = j->tsu_id;
	}
	r.bound_us = j->ctr % 3 == 0 ? -1 : (int32_t)j->ctr;
	write_entry(&r, j->instance, entry);
	entry_leaf_hash(entry, r.leaf_hash);
	if (j->in_frame == RECORDS_A_FRAME)
		ledger_journal_flush(j);
	if (j->in_frame == 0)
		make_room(j);
	frame_add(&j->frame, &r);
	j->in_frame++;
	j->seq++;
	j->ctr++;
	keep(j, &r);
}

void ledger_journal_lease(struct ledger_journal *j, uint32_t lease)
{
	struct lease_open open = { .boot_id = "b",
		.version = "0.1.0",
		.clock = "unchecked",
		.clock_bound_us = -1,
		.clock_status = "unsynchronised",
		.instance = j->instance,
		.lease = lease,
		.has_previous = j->lease != 0,
		.previous_lease = j->lease,
		.previous_count = j->ctr };
	struct buf body = { 0 };
	char node[64];

	(void)snprintf(node, sizeof(node), "node/%08" PRIx32, j->instance);
	open.node = node;
	body_lease_open(&open, &body);
	/* A segment that starts here still has the old lease in its header. */
	ledger_journal_flush(j);
	make_room(j);
	j->lease = lease;
	j->lease_seq = j->seq + 1;
	j->ctr = 0;
	add(j, RECORD_LEASE_OPEN, buf_view(&body));
	buf_free(&body);
}

void ledger_journal_tokens(struct ledger_journal *j, unsigned count, size_t body_len)
{
	uint8_t *body = must_calloc(body_len + 8, 1);

	for (unsigned i = 0; i < count; i++) {
		struct writer w = { .at = body, .cap = 8 };

		writer_u64(&w, j->seq * UINT64_C(0x9e3779b97f4a7c15));
		for (size_t at = 8; at < body_len; at++)
			body[at] = (uint8_t)(at * 31 + j->seq);
		add(j, RECORD_TOKEN, (struct bytes){ body, body_len + i % 8 });
	}
	free(body);
}

void ledger_journal_ctr(struct ledger_journal *j, uint32_t ctr)
{
	j->ctr = ctr;
}

void ledger_journal_void(struct ledger_journal *j)
{
	struct buf body = { 0 };

	body_void(VOID_NOT_RECORDED, &body);
	add(j, RECORD_VOID, buf_view(&body));
	buf_free(&body);
}

void ledger_journal_incident(struct ledger_journal *j, const struct incident *incident)
{
	struct buf body = { 0 };

	body_incident(incident, &body);
	add(j, RECORD_INCIDENT, buf_view(&body));
	buf_free(&body);
}

size_t ledger_journal_row_count(const struct ledger_journal *j)
{
	return j->kept.len / sizeof(struct ledger_journal_row);
}

struct ledger_journal_row ledger_journal_row(const struct ledger_journal *j, size_t index)
{
	struct ledger_journal_row row;

	memcpy(&row, j->kept.at + index * sizeof(row), sizeof(row));
	return row;
}

/* The key may sign until 2027-02-01, the certificate is valid until 2036. */
static void add_usage_period(X509 *certificate)
{
	PKEY_USAGE_PERIOD *period = PKEY_USAGE_PERIOD_new();

	period->notAfter = ASN1_GENERALIZEDTIME_new();
	if (ASN1_GENERALIZEDTIME_set_string(period->notAfter, "20270201000000Z") != 1 ||
		X509_add1_ext_i2d(certificate, NID_private_key_usage_period, period, 0, 0) != 1)
		BUG("journal of a test: privateKeyUsagePeriod");
	PKEY_USAGE_PERIOD_free(period);
}

static X509 *new_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	if (key == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
		X509_NAME_add_entry_by_txt(
			name, "CN", MBSTRING_ASC, (const uint8_t *)"TSU", -1, -1, 0) != 1 ||
		X509_set_issuer_name(x, name) != 1 || X509_set_pubkey(x, key) != 1 ||
		ASN1_TIME_set_string(X509_getm_notBefore(x), "20261101000000Z") != 1 ||
		ASN1_TIME_set_string(X509_getm_notAfter(x), "20361101000000Z") != 1)
		BUG("journal of a test: certificate");
	add_usage_period(x);
	if (X509_sign(x, key, EVP_sha256()) == 0)
		BUG("journal of a test: certificate");
	EVP_PKEY_free(key);
	return x;
}

static void hash_der(X509 *certificate, uint8_t out[HASH_LEN])
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	if (len <= 0)
		BUG("journal of a test: certificate");
	hash_one((struct bytes){ der, (size_t)len }, out);
	OPENSSL_free(der);
}

void ledger_journal_tsu(struct ledger_journal *j)
{
	X509 *leaf = new_certificate();
	X509 *issuer = new_certificate();
	uint8_t cert_sha256[HASH_LEN];
	uint8_t chain_sha256[HASH_LEN];
	char name[TSU_FILE_NAME];
	char path[JOURNAL_PATH];
	FILE *file;

	hash_der(leaf, cert_sha256);
	hash_der(issuer, chain_sha256);
	tsu_file_name(cert_sha256, chain_sha256, name);
	journal_path(j->directory, name, path);
	file = fopen(path, "wx");
	if (file == NULL || PEM_write_X509(file, leaf) != 1 || PEM_write_X509(file, issuer) != 1 ||
		fclose(file) != 0)
		BUG("journal of a test: cannot write %s", path);
	j->tsu_id = tsu_id_of(cert_sha256);
	X509_free(leaf);
	X509_free(issuer);
}
