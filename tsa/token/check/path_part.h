/* What the files of path share; for nobody else. */
#ifndef TSA_TOKEN_CHECK_PATH_PART_H
#define TSA_TOKEN_CHECK_PATH_PART_H

#include "material_part.h"
#include "path.h"

/* A certificate that may be part of a path. */
struct path_node {
	const struct material_item *item;
	uint32_t links; /* the first of those to its issuers; TABLE_NONE: none */
	bool is_certified; /* an anchor, or signed below one */
};

/* A signature that holds. */
struct path_link {
	uint32_t issuer; /* node */
	uint32_t next; /* of the same subject */
};

/* Certificates by name from the signer up, and the signatures below the anchors. */
struct path_graph {
	const struct material *material;
	struct path_node *nodes; /* PATH_MAX_STEPS; the signer first */
	struct table by_hash; /* of nodes */
	struct table by_issuer; /* of nodes: hash of the issuer's name */
	struct path_link *links; /* PATH_MAX_STEPS */
	uint32_t link_count;
	unsigned steps;
	unsigned doubtful;
	bool gave_up;
};

void path_graph_make(struct path_graph *graph, const struct material *material,
	const struct material_item *signer);
void path_graph_free(struct path_graph *graph);
/* Sets dead_end for a graph with no path. */
void path_dead_end(struct path_graph *graph, struct paths *paths);

/* Sets path->holds, or its flaw. */
void path_judge(struct path *path, int purpose);

/* The same question before: true, and paths is set. key is for path_remember(). */
bool path_recall(const struct material *material, const struct material_item *signer, int purpose,
	uint8_t key[MATERIAL_HASH], struct paths *paths);
void path_remember(const struct material *material, const uint8_t key[MATERIAL_HASH],
	const struct paths *paths);

#endif
