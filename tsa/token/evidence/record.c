/* EvidenceRecord, its chains and archive time-stamps (RFC 4998 3 to 5). Owns what the record owns.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "record_part.h"
#include "tsa/token/read/oid.h"
#include "tsa/token/read/token_file.h"
#include "tsa/tsp/der.h"

enum {
	CONTEXT_0 = DER_CONTEXT_CONSTRUCTED,
	CONTEXT_1 = DER_CONTEXT_CONSTRUCTED | 1,
	CONTEXT_2 = DER_CONTEXT_CONSTRUCTED | 2,
	/* Record, sequence, chain, ArchiveTimeStamp, reducedHashtree, list, hash. */
	LEVELS = 7,
};

static bool err_node(
	struct err *err, const struct ber *ber, const struct ber_node *node, const char *what)
{
	return err_set(err, "offset %zu: %s", ber_offset(ber, node), what);
}

/* X.690 10: what is hashed again, or counted, must have one encoding. */
static bool is_der(
	const struct ber *ber, const struct ber_node *node, bool with_all_inside, struct err *err)
{
	struct ber_flaws flaws = { 0 };
	uint32_t first = (uint32_t)(node - ber->nodes);

	ber_strict(ber, first, with_all_inside ? node->past : first + 1, &flaws);
	return flaws.count == 0 || err_set(err, "%s: an Evidence Record is DER", flaws.first);
}

/* version and digestAlgorithms; what is optional behind them is not judged. */
static bool read_head(struct evidence_record *record, struct ber_walk *walk, struct err *err)
{
	const struct ber *ber = &record->ber;
	const struct ber_node *version = ber_take(walk, DER_INTEGER);
	const struct ber_node *digests = ber_take(walk, DER_SEQUENCE);
	struct ber_walk inside;
	int64_t number;

	if (walk->failed)
		return err_set(
			err, "RFC 4998 3.1: version and digestAlgorithms were to come first");
	if (!is_der(ber, version, true, err) || !is_der(ber, digests, true, err))
		return false;
	if (!ber_number(version->content, &number) || number != 1)
		return err_node(err, ber, version, "RFC 4998 3.1: version must be 1: is not");
	inside = ber_inside(ber, digests);
	for (const struct ber_node *node; (node = ber_next(&inside)) != NULL;) {
		const struct ber_node *oid = token_algorithm(ber, node);

		if (oid == NULL)
			return err_node(
				err, ber, node, "RFC 4998 3.1: it is no AlgorithmIdentifier");
		if (record->digest_count == EVIDENCE_MAX_DIGESTS)
			return err_set(err, "at most %d digestAlgorithms: there are more",
				EVIDENCE_MAX_DIGESTS);
		record->digests[record->digest_count++] = oid_nid(oid);
	}
	(void)ber_take_if(walk, CONTEXT_0); /* cryptoInfos: nothing protects them */
	record->encrypted = ber_take_if(walk, CONTEXT_1) != NULL;
	return true;
}

/* reducedHashtree: lists of OCTET STRINGs, none empty. */
static bool read_tree(struct evidence_record *record, struct archive_stamp *stamp, struct err *err)
{
	const struct ber *ber = &record->ber;
	struct ber_walk lists = ber_inside(ber, stamp->tree);
	const struct ber_node *list = ber_peek(&lists);

	if (!is_der(ber, stamp->tree, true, err))
		return false;
	if (list == NULL)
		return err_node(err, ber, stamp->tree, "RFC 4998 4.2: reducedHashtree is empty");
	while ((list = ber_next(&lists)) != NULL) {
		struct ber_walk hashes = ber_inside(ber, list);
		unsigned before = stamp->hashes;

		if (list->tag != DER_SEQUENCE)
			return err_node(err, ber, list, "RFC 4998 4.1: it is no PartialHashtree");
		while (ber_take_if(&hashes, DER_OCTET_STRING) != NULL)
			stamp->hashes++;
		if (!ber_finished(&hashes) || stamp->hashes == before)
			return err_node(err, ber, list,
				"RFC 4998 4.1: PartialHashtree is OCTET STRINGs, at least one");
	}
	record->hash_count += stamp->hashes;
	return record->hash_count <= EVIDENCE_MAX_HASHES ||
	       err_set(err, "at most %d hashes: there are more", EVIDENCE_MAX_HASHES);
}

/* What the token says of imprint and time. */
static void read_token(struct bytes in, struct stamp_token *token)
{
	struct token_file file;
	const struct tst_part *tst = &file.tst;
	const char *broken = NULL;

	token_file_read(in, &file);
	if (file.kind != TOKEN_BARE)
		broken = file.broken.text[0] != '\0' ? file.broken.text : "it is no ContentInfo";
	else if (!file.cms.decoded)
		broken = file.cms.broken.text;
	else if (!tst->decoded)
		broken = tst->broken.text[0] != '\0' ? tst->broken.text : "there is no TSTInfo";
	else if (!tst->moment.readable)
		broken = "genTime cannot be read";
	else if (tst->hashed->content.len > sizeof(token->imprint))
		broken = "hashedMessage is longer than any digest";
	if (broken != NULL) {
		token->broken = must_strdup(broken);
	} else {
		token->digest = oid_nid(tst->digest);
		token->imprint_len = tst->hashed->content.len;
		memcpy(token->imprint, tst->hashed->content.at, token->imprint_len);
		token->gen_time = tst->moment;
	}
	token_file_wipe(&file);
}

static bool read_stamp(struct evidence_record *record, const struct ber_node *node, unsigned chain,
	unsigned number, struct err *err)
{
	const struct ber *ber = &record->ber;
	struct archive_stamp *stamp = &record->stamps[record->stamp_count];
	struct ber_walk walk = ber_inside(ber, node);
	const struct ber_node *algorithm = ber_take_if(&walk, CONTEXT_0);

	*stamp = (struct archive_stamp){ .chain = chain, .stamp = number, .whole = node };
	(void)ber_take_if(&walk, CONTEXT_1); /* attributes: nothing of them is needed */
	stamp->tree = ber_take_if(&walk, CONTEXT_2);
	stamp->time_stamp = ber_take(&walk, DER_SEQUENCE);
	if (node->tag != DER_SEQUENCE || !ber_finished(&walk))
		return err_node(err, ber, node, "RFC 4998 4.1: it is no ArchiveTimeStamp");
	if (!is_der(ber, node, false, err))
		return false;
	if (algorithm != NULL) {
		stamp->digest = token_algorithm(ber, algorithm);
		if (stamp->digest == NULL)
			return err_node(err, ber, algorithm,
				"RFC 4998 4.1: digestAlgorithm is no AlgorithmIdentifier");
		if (!is_der(ber, algorithm, true, err))
			return false;
	}
	if (stamp->tree != NULL && !read_tree(record, stamp, err))
		return false;
	read_token(stamp->time_stamp->whole, &stamp->token);
	record->stamp_count++;
	return true;
}

static bool read_chain(struct evidence_record *record, const struct ber_node *node, struct err *err)
{
	struct ber_walk walk = ber_inside(&record->ber, node);
	struct archive_chain *chain = &record->chains[record->chain_count];

	if (record->chain_count == EVIDENCE_MAX_CHAINS)
		return err_set(err, "at most %d chains: there are more", EVIDENCE_MAX_CHAINS);
	if (node->tag != DER_SEQUENCE || ber_peek(&walk) == NULL)
		return err_node(err, &record->ber, node,
			"RFC 4998 5.1: ArchiveTimeStampChain must have an ArchiveTimeStamp: has none");
	if (!is_der(&record->ber, node, false, err))
		return false;
	*chain = (struct archive_chain){ .whole = node, .first = record->stamp_count };
	for (const struct ber_node *stamp; (stamp = ber_next(&walk)) != NULL; chain->count++) {
		if (record->stamp_count == EVIDENCE_MAX_STAMPS)
			return err_set(err, "at most %d archive time-stamps: there are more",
				EVIDENCE_MAX_STAMPS);
		if (!read_stamp(record, stamp, record->chain_count, chain->count, err))
			return false;
	}
	record->chain_count++;
	return true;
}

static bool read_record(struct evidence_record *record, struct err *err)
{
	const struct ber *ber = &record->ber;
	struct ber_walk walk = ber_inside(ber, ber->nodes);
	const struct ber_node *sequence;
	struct ber_walk chains;

	if (ber->nodes[0].tag != DER_SEQUENCE)
		return err_set(err, "RFC 4998 3.1: it is no SEQUENCE");
	if (!is_der(ber, ber->nodes, false, err) || !read_head(record, &walk, err))
		return false;
	sequence = ber_take(&walk, DER_SEQUENCE);
	if (!ber_finished(&walk))
		return err_set(err, "RFC 4998 3.1: archiveTimeStampSequence was to be the last");
	if (ber->rest.len > 0)
		return err_set(err, "%zu bytes follow the Evidence Record", ber->rest.len);
	chains = ber_inside(ber, sequence);
	if (ber_peek(&chains) == NULL)
		return err_node(err, ber, sequence,
			"RFC 4998 5.1: ArchiveTimeStampSequence must have a chain: has none");
	if (!is_der(ber, sequence, false, err))
		return false;
	for (const struct ber_node *chain; (chain = ber_next(&chains)) != NULL;)
		if (!read_chain(record, chain, err))
			return false;
	return true;
}

struct evidence_record *evidence_read(struct bytes in, struct err *err)
{
	static const struct ber_limits limits = { EVIDENCE_MAX_RECORD, LEVELS };
	struct evidence_record *record = must_calloc(1, sizeof(*record));

	if (ber_parse_outer(in, &limits, &record->ber, err) && read_record(record, err))
		return record;
	evidence_free(record);
	return NULL;
}

void evidence_free(struct evidence_record *record)
{
	if (record == NULL)
		return;
	for (unsigned i = 0; i < record->stamp_count; i++)
		free(record->stamps[i].token.broken);
	ber_free(&record->ber);
	free(record);
}

unsigned evidence_chain_count(const struct evidence_record *record)
{
	return record->chain_count;
}

unsigned evidence_stamp_count(const struct evidence_record *record)
{
	return record->stamp_count;
}
