/* What evidence records prove of what was given beside tokens.  Owns what a record is asked. */
#include "evidence_record_part.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

enum { KEPT_DIGESTS = 4 };

/* One thing that was given, and its digests: many records ask for the same few. */
struct given {
	struct bytes octets;
	struct {
		const EVP_MD *digest;
		uint8_t value[EVP_MAX_MD_SIZE];
		unsigned len;
	} kept[KEPT_DIGESTS];
	unsigned count;
};

/* An evidence_digest_of. */
static unsigned given_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	struct given *given = arg;
	unsigned n = given->count;

	for (unsigned i = 0; i < n; i++)
		if (given->kept[i].digest == digest) {
			(void)memcpy(out, given->kept[i].value, given->kept[i].len);
			return given->kept[i].len;
		}
	if (n == KEPT_DIGESTS)
		return record_octets_digest(&given->octets, digest, out);
	given->kept[n].digest = digest;
	given->kept[n].len = record_octets_digest(&given->octets, digest, given->kept[n].value);
	given->count++;
	(void)memcpy(out, given->kept[n].value, given->kept[n].len);
	return given->kept[n].len;
}

static void prove_given(struct shared *shared, const struct record_work *work, struct bytes octets)
{
	uint8_t sha256[MATERIAL_HASH];
	char from[128];

	(void)SHA256(octets.at, octets.len, sha256);
	(void)snprintf(from, sizeof(from), "the Evidence Record %.90s", work->name);
	for (unsigned i = 0; i < work->voucher_count; i++)
		material_add_poe_by(shared->material, sha256, work->vouchers[i].time, from,
			work->vouchers[i].key);
}

/* Those of the objects that the record covers come first. Returns how many. */
static unsigned keep_covered(
	const struct evidence_record *record, struct evidence_object *objects, unsigned count)
{
	bool *found = must_calloc(count, sizeof(*found));
	unsigned kept = 0;

	evidence_find(record, objects, count, found);
	for (unsigned i = 0; i < count; i++)
		if (found[i])
			objects[kept++] = objects[i];
	free(found);
	return kept;
}

static void prove_given_by(struct shared *shared, const struct shared_object *file,
	struct evidence_object *objects, unsigned count)
{
	struct record_work *work = must_calloc(1, sizeof(*work));
	struct checked_record *checked = must_calloc(1, sizeof(*checked));
	struct err ignored = { 0 }; /* it is told of with each token */
	struct evidence_record *record = evidence_read(buf_view(&file->octets), &ignored);
	unsigned covered = record == NULL ? 0 : keep_covered(record, objects, count);

	record_work_start(work, shared, file, shared->material, checked);
	work->record = record;
	work->is_of_given = true;
	if (covered > EVIDENCE_MAX_OBJECTS)
		covered = EVIDENCE_MAX_OBJECTS;
	if (covered > 0)
		record_work_check(work, objects, covered);
	if (checked->report.verdict.status != CHECK_PASSED)
		covered = 0;
	for (unsigned i = 0; i < covered; i++)
		prove_given(shared, work, ((const struct given *)objects[i].arg)->octets);
	evidence_free(record);
	record_work_finish(work);
	free(checked);
}

void evidence_record_prove_given(struct shared *shared)
{
	const struct shared_objects *const lists[] = { &shared->covered, &shared->poes };
	unsigned count = 0, room = shared->covered.count + shared->poes.count;
	struct evidence_object *objects;
	struct given *given;

	if (room == 0 || shared->records.count == 0)
		return;
	objects = must_calloc(room, sizeof(*objects));
	given = must_calloc(room, sizeof(*given));
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < lists[k]->count; i++)
			given[count++].octets = buf_view(&lists[k]->at[i].octets);
	for (unsigned r = 0; r < shared->records.count; r++) {
		/* Made anew: what the record before covers was put first. */
		for (unsigned i = 0; i < count; i++)
			objects[i] = (struct evidence_object){ "what was given", given_digest,
				&given[i] };
		prove_given_by(shared, &shared->records.at[r], objects, count);
	}
	free(given);
	free(objects);
}
