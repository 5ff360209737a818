/*
 * The table of algorithms: whatever comes, a table or an error that says why; what is a table reads
 * the same to OpenSSL, and its dates are in order.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/err.h>

#include "tsa/token/check/algorithms_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As many rows in each section; nothing expanded, merged or lost. */
static void check_with_openssl(struct bytes text, const struct algorithms *table)
{
	BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
	CONF *conf = NCONF_new(NULL);
	unsigned counts[ALGORITHMS_KINDS] = { [ALGORITHMS_TABLE] = 1 };

	if (NCONF_load_bio(conf, bio, NULL) != 1)
		abort();
	for (unsigned i = 0; i < table->count; i++)
		counts[table->rows[i].kind]++;
	for (int kind = 0; kind < ALGORITHMS_KINDS; kind++) {
		const char *name = algorithms_kind_name((enum algorithms_kind)kind);
		STACK_OF(CONF_VALUE) *rows = NCONF_get_section(conf, name);

		if ((rows == NULL ? 0 : sk_CONF_VALUE_num(rows)) != (int)counts[kind])
			abort();
	}
	if (strcmp(NCONF_get_string(conf, "table", "version"), algorithms_version(table)) != 0)
		abort();
	ERR_clear_error();
	NCONF_free(conf);
	BIO_free(bio);
}

static void check_rows(const struct algorithms *table)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct algorithms_row *row = &table->rows[i];
		bool is_name = row->kind == ALGORITHMS_DIGEST || row->kind == ALGORITHMS_EDDSA;

		if (is_name != (row->name != 0) || is_name == (row->from > 0))
			abort();
		if (row->from > row->to)
			abort();
		if (row->kind == ALGORITHMS_DIGEST &&
			algorithms_digest(table, row->name) != row->last)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { data, size };
	struct err err = { 0 };
	struct algorithms *table = algorithms_read(text, &err);

	if ((table == NULL) != (err.text[0] != '\0'))
		abort();
	if (table != NULL) {
		check_rows(table);
		check_with_openssl(text, table);
	}
	algorithms_free(table);
	return 0;
}
