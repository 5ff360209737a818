/*
 * The TSU certificates that the journal directory keeps ("tsu-*.pem", record/frame.h), as rows
 * of ledger.tsu, and which of them the database has by now.
 */
#ifndef TSA_LEDGER_TSU_FILES_H
#define TSA_LEDGER_TSU_FILES_H

#include "tsa/record/directory.h"

struct tsu_row {
	struct tsu_row *next;
	char file[TSU_FILE_NAME];
	bool shipped;
	bool broken; /* not what its name says: reported once, never shipped */
	uint32_t tsu_id;
	uint8_t cert_sha256[HASH_LEN];
	uint8_t spki_sha256[HASH_LEN];
	uint8_t chain_sha256[HASH_LEN];
	struct buf cert_der;
	struct buf chain_der;
	int64_t not_before_us;
	int64_t sign_until_us; /* the earlier of notAfter and privateKeyUsagePeriod's end */
};

struct tsu_files;

/* directory lives longer. Reads nothing yet. */
struct tsu_files *tsu_files_new(const char *directory);
void tsu_files_free(struct tsu_files *t);

/*
 * Looks for new files if the directory changed since the last look. A file that is not what its
 * name says is logged and left out.  Fails if the directory cannot be read.
 */
MUST_CHECK bool tsu_files_look(struct tsu_files *t, struct err *err);
/* True if a row of this id is known; looks into the directory once more for one that is not. */
MUST_CHECK bool tsu_files_know(struct tsu_files *t, uint32_t tsu_id, bool *known, struct err *err);

/* All rows; those not shipped go with the next batch. */
struct tsu_row *tsu_files_rows(struct tsu_files *t);
/* The database may be another one now: all rows go again. */
void tsu_files_forget(struct tsu_files *t);

/* Fills a row from the text of a file; its name has been set. For tests as well. */
MUST_CHECK bool tsu_row_fill(struct tsu_row *row, struct bytes pem, struct err *err);

#endif
