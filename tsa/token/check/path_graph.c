/*
 * Owns the graph in which paths are looked for.  Names alone say which certificates could matter;
 * which of them do is then worked out from the anchors down, because a token's certificates are
 * not signed: anybody can add some, but none that an anchor vouches for.
 */
#include <stdlib.h>

#include "path_part.h"

static uint32_t node_of(const struct path_graph *graph, const struct material_item *item)
{
	uint32_t i = table_first(&graph->by_hash, hash_start(item->sha256));

	while (i != TABLE_NONE &&
		memcmp(graph->nodes[i].item->sha256, item->sha256, MATERIAL_HASH) != 0)
		i = table_next(&graph->by_hash, i);
	return i;
}

static bool add_node(struct path_graph *graph, const struct material_item *item)
{
	uint32_t place;

	if (node_of(graph, item) != TABLE_NONE)
		return true;
	if (graph->by_hash.count == PATH_MAX_STEPS) {
		graph->gave_up = true;
		return false;
	}
	place = table_add(&graph->by_hash, hash_start(item->sha256));
	(void)table_add(&graph->by_issuer, ((const struct held *)item)->parsed->issuer);
	graph->nodes[place] = (struct path_node){
		.item = item,
		.links = TABLE_NONE,
		.is_certified = item->is_anchor,
	};
	return true;
}

static void add_named(struct path_graph *graph, const X509_NAME *name, bool anchors)
{
	const struct material_item *item;
	size_t at = 0;

	while ((item = material_next_named(graph->material, name, &at)) != NULL)
		if (item->is_anchor == anchors && !add_node(graph, item))
			return;
}

static bool names_equal(const X509_NAME *a, const X509_NAME *b)
{
	return X509_NAME_cmp(a, b) == 0;
}

/* Was this node's issuer looked for already, for another node? */
static bool is_done(const struct path_graph *graph, uint32_t node)
{
	const X509_NAME *name = X509_get_issuer_name(graph->nodes[node].item->certificate);

	/* The latest of a hash comes first; only those before this one are done. */
	for (uint32_t i = table_next(&graph->by_issuer, node); i != TABLE_NONE;
		i = table_next(&graph->by_issuer, i))
		if (!graph->nodes[i].item->is_anchor &&
			names_equal(X509_get_issuer_name(graph->nodes[i].item->certificate), name))
			return true;
	return false;
}

/* All that has the name of an issuer of something in the graph. */
static void add_issuers(struct path_graph *graph)
{
	for (uint32_t i = 0; i < graph->by_hash.count; i++) {
		X509 *certificate = graph->nodes[i].item->certificate;

		if (graph->nodes[i].item->is_anchor || is_done(graph, i))
			continue;
		add_named(graph, X509_get_issuer_name(certificate), true);
		add_named(graph, X509_get_issuer_name(certificate), false);
	}
}

/* RFC 5280 4.2.1.1: the key identifiers agree, if both are there. */
static bool keys_may_agree(X509 *subject, X509 *issuer)
{
	const ASN1_OCTET_STRING *wanted = X509_get0_authority_key_id(subject);
	const ASN1_OCTET_STRING *has = X509_get0_subject_key_id(issuer);

	return wanted == NULL || has == NULL || ASN1_OCTET_STRING_cmp(wanted, has) == 0;
}

/* By name and key identifier; one that issued itself with its issuer's key says nothing new. */
static bool may_be_issuer(X509 *subject, X509 *issuer)
{
	return names_equal(X509_get_issuer_name(subject), X509_get_subject_name(issuer)) &&
	       keys_may_agree(subject, issuer) &&
	       !(names_equal(X509_get_issuer_name(subject), X509_get_subject_name(subject)) &&
		       EVP_PKEY_eq(X509_get0_pubkey(subject), X509_get0_pubkey(issuer)) == 1);
}

/* Is one more signature check, or none at all, within the limits? */
static bool may_step(struct path_graph *graph, bool is_doubtful)
{
	if (graph->steps == PATH_MAX_STEPS ||
		(is_doubtful && graph->doubtful == PATH_MAX_DOUBTFUL)) {
		graph->gave_up = true;
		return false;
	}
	graph->steps++;
	graph->doubtful += is_doubtful;
	return true;
}

/* Nodes that were certified and whose own subjects are still to be looked at. */
struct queue {
	uint32_t at[PATH_MAX_STEPS];
	uint32_t first;
	uint32_t count;
};

struct queues {
	struct queue authorities; /* by their own word and the anchors' */
	struct queue others; /* looked at last: no path over them can hold */
};

static void certify(struct path_graph *graph, uint32_t node, struct queues *queues)
{
	const struct material_item *item = graph->nodes[node].item;
	struct queue *queue = item->is_anchor || X509_check_ca(item->certificate) > 0
				      ? &queues->authorities
				      : &queues->others;

	graph->nodes[node].is_certified = true;
	queue->at[queue->count++] = node;
}

static void add_link(struct path_graph *graph, uint32_t subject, uint32_t issuer)
{
	if (graph->link_count == PATH_MAX_STEPS) {
		graph->gave_up = true;
		return;
	}
	graph->links[graph->link_count] =
		(struct path_link){ .issuer = issuer, .next = graph->nodes[subject].links };
	graph->nodes[subject].links = graph->link_count++;
}

static void certify_subjects(
	struct path_graph *graph, uint32_t issuer, bool is_doubtful, struct queues *queues)
{
	const struct material_item *by = graph->nodes[issuer].item;
	uint64_t name = ((const struct held *)by)->parsed->name;

	for (uint32_t i = table_first(&graph->by_issuer, name); i != TABLE_NONE;
		i = table_next(&graph->by_issuer, i)) {
		const struct material_item *item = graph->nodes[i].item;

		if (i == issuer || item->is_anchor ||
			!may_be_issuer(item->certificate, by->certificate))
			continue;
		if (!may_step(graph, is_doubtful))
			return;
		if (!material_signed_by(graph->material, item, by))
			continue;
		if (!graph->nodes[i].is_certified)
			certify(graph, i, queues);
		add_link(graph, i, issuer);
	}
}

static bool take(struct queue *queue, uint32_t *node)
{
	if (queue->first == queue->count)
		return false;
	*node = queue->at[queue->first++];
	return true;
}

static void certify_all(struct path_graph *graph)
{
	struct queues *queues = must_calloc(1, sizeof(*queues));
	uint32_t node;
	bool is_doubtful;

	for (uint32_t i = 0; i < graph->by_hash.count; i++)
		if (graph->nodes[i].item->is_anchor)
			certify(graph, i, queues);
	while (!(is_doubtful = !take(&queues->authorities, &node)) || take(&queues->others, &node))
		certify_subjects(graph, node, is_doubtful, queues);
	free(queues);
}

void path_graph_make(struct path_graph *graph, const struct material *material,
	const struct material_item *signer)
{
	*graph = (struct path_graph){ .material = material };
	graph->nodes = must_calloc(PATH_MAX_STEPS, sizeof(graph->nodes[0]));
	graph->links = must_calloc(PATH_MAX_STEPS, sizeof(graph->links[0]));
	(void)add_node(graph, signer);
	add_issuers(graph);
	certify_all(graph);
}

void path_graph_free(struct path_graph *graph)
{
	free(graph->nodes);
	free(graph->links);
	table_free(&graph->by_hash);
	table_free(&graph->by_issuer);
}

/* Ways that reach no anchor, from the signer up; each certificate once. */
struct ways {
	uint32_t at[PATH_MAX_DOUBTFUL + 1];
	unsigned depth[PATH_MAX_DOUBTFUL + 1];
	unsigned count;
};

static bool was_seen(const struct ways *ways, uint32_t node)
{
	for (unsigned i = 0; i < ways->count; i++)
		if (ways->at[i] == node)
			return true;
	return false;
}

/* Adds the issuers of the i-th; false if it has none but, perhaps, itself. */
static bool climb(struct path_graph *graph, struct ways *ways, unsigned i)
{
	const struct material_item *subject = graph->nodes[ways->at[i]].item;
	bool has_issuer = false;

	for (uint32_t n = 0; n < graph->by_hash.count; n++) {
		const struct material_item *item = graph->nodes[n].item;

		if (n == ways->at[i] || !may_be_issuer(subject->certificate, item->certificate))
			continue;
		if (!may_step(graph, true))
			break;
		if (!material_signed_by(graph->material, subject, item))
			continue;
		has_issuer = true;
		if (!was_seen(ways, n) && ways->count <= PATH_MAX_DOUBTFUL) {
			ways->depth[ways->count] = ways->depth[i] + 1;
			ways->at[ways->count++] = n;
		}
	}
	return has_issuer;
}

static bool issued_itself(const struct path_graph *graph, const struct material_item *item)
{
	return names_equal(X509_get_issuer_name(item->certificate),
		       X509_get_subject_name(item->certificate)) &&
	       material_signed_by(graph->material, item, item);
}

void path_dead_end(struct path_graph *graph, struct paths *paths)
{
	struct ways ways = { .at = { 0 }, .count = 1 };
	unsigned deepest = 0;

	paths->dead_end = graph->nodes[0].item;
	if (graph->nodes[0].is_certified) /* the way is there, and longer than is followed */
		return;
	for (unsigned i = 0; i < ways.count; i++) {
		const struct material_item *item = graph->nodes[ways.at[i]].item;
		bool is_root;

		if (climb(graph, &ways, i) || ways.depth[i] < deepest)
			continue;
		is_root = issued_itself(graph, item);
		/* Of two equally long ways, to trust a root settles more than another link. */
		if (ways.depth[i] == deepest && i > 0 && !is_root)
			continue;
		deepest = ways.depth[i];
		paths->dead_end = item;
		paths->dead_end_is_root = is_root;
	}
}
