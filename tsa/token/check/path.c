/* Owns nothing: walks the ways of a graph, the short ones first, and keeps the best. */
#include "path.h"

#include <string.h>

#include <openssl/objects.h>

#include "path_part.h"

/* Where a walk is: the certificates so far and, of each, the link to the next. */
struct walk {
	uint32_t node[PATH_MAX_LENGTH];
	uint32_t link[PATH_MAX_LENGTH]; /* next to be tried */
	unsigned length;
};

static bool is_on(const struct walk *walk, uint32_t node)
{
	for (unsigned i = 0; i < walk->length; i++)
		if (walk->node[i] == node)
			return true;
	return false;
}

static void push(const struct path_graph *graph, struct walk *walk, uint32_t node)
{
	walk->link[walk->length] = graph->nodes[node].links;
	walk->node[walk->length++] = node;
}

static unsigned holding(const struct paths *paths)
{
	unsigned n = 0;

	while (n < paths->count && paths->at[n].holds)
		n++;
	return n;
}

/* Keeps it behind those that hold, or at the end; one that holds takes the place of one not. */
static void keep(struct paths *paths, const struct path *path)
{
	unsigned place = path->holds ? holding(paths) : paths->count;

	if (place == PATH_MAX_FOUND)
		return;
	if (paths->count < PATH_MAX_FOUND)
		paths->count++;
	(void)memmove(&paths->at[place + 1], &paths->at[place],
		(paths->count - 1 - place) * sizeof(*path));
	paths->at[place] = *path;
}

static void judge(
	const struct path_graph *graph, const struct walk *walk, int purpose, struct paths *paths)
{
	struct path path = { .length = walk->length };

	for (unsigned i = 0; i < walk->length; i++)
		path.at[i] = graph->nodes[walk->node[i]].item;
	path_judge(&path, purpose);
	keep(paths, &path);
}

/* All ways of so many certificates; false if a limit ends it. */
static bool walk_all(struct path_graph *graph, unsigned length, int purpose, unsigned *judged,
	struct paths *paths)
{
	struct walk walk = { .length = 0 };

	push(graph, &walk, 0);
	while (walk.length > 0) {
		uint32_t node = walk.node[walk.length - 1];
		uint32_t *link = &walk.link[walk.length - 1];

		if (walk.length == length && graph->nodes[node].item->is_anchor) {
			if (++*judged > PATH_MAX_JUDGED)
				return false;
			judge(graph, &walk, purpose, paths);
		}
		graph->gave_up =
			graph->gave_up || (walk.length == PATH_MAX_LENGTH && *link != TABLE_NONE);
		if (walk.length == length || *link == TABLE_NONE) {
			walk.length--;
			continue;
		}
		node = graph->links[*link].issuer;
		*link = graph->links[*link].next;
		if (++graph->steps > 2 * PATH_MAX_STEPS)
			return false;
		if (!is_on(&walk, node))
			push(graph, &walk, node);
	}
	return true;
}

void paths_find(const struct material *material, const struct material_item *signer, int purpose,
	struct paths *paths)
{
	uint8_t key[MATERIAL_HASH];
	struct path_graph graph;
	unsigned judged = 0;

	if (path_recall(material, signer, purpose, key, paths))
		return;
	(void)memset(paths, 0, sizeof(*paths));
	path_graph_make(&graph, material, signer);
	for (unsigned length = 1; length <= PATH_MAX_LENGTH && holding(paths) < PATH_MAX_FOUND;
		length++) {
		if (!walk_all(&graph, length, purpose, &judged, paths)) {
			graph.gave_up = true;
			break;
		}
	}
	/* A stranger's CRLs have many signers without a path: nobody asks what is missing there. */
	if (paths->count == 0 && purpose == NID_time_stamp)
		path_dead_end(&graph, paths);
	paths->gave_up = graph.gave_up;
	path_graph_free(&graph);
	path_remember(material, key, paths);
}
