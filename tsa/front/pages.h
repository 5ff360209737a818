/*
 * The tables that tsad sends: endpoints, and files that GET serves (R21: the front has no file
 * of its own).  Shared by reference: an answer that is still being written holds the tables it
 * came from while newer ones are in force.
 */
#ifndef TSA_FRONT_PAGES_H
#define TSA_FRONT_PAGES_H

#include "tsa/core/msg.h"
#include "tsa/tsp/request.h"

struct endpoint {
	uint8_t index; /* as ISSUE names it */
	bool first_release; /* sigstore's path is its as well (R21) */
	char path[MSG_MAX_PATH];
	struct msg_oid policy[MSG_MAX_POLICIES];
	struct bytes policy_views[MSG_MAX_POLICIES];
	struct tsp_rules rules; /* points into policy_views */
};

struct page {
	char path[MSG_MAX_PATH];
	char type[MSG_MAX_PATH];
	struct bytes content;
};

struct pages;

/* Empty tables with one reference. */
struct pages *pages_new(void);
struct pages *pages_hold(struct pages *pages);
/* Gives a reference back; the last one frees. Takes NULL. */
void pages_release(struct pages *pages);

/* Adds one; more than there is room for, a path twice or a part out of order is a bug. */
void pages_add_endpoint(struct pages *pages, const struct msg_endpoint *msg);
void pages_add_file(struct pages *pages, const struct msg_file *msg);
/* True unless the last file lacks parts. */
bool pages_complete(const struct pages *pages);

size_t pages_endpoint_count(const struct pages *pages);
size_t pages_file_count(const struct pages *pages);
/* NULL if there is none. */
const struct endpoint *pages_first_release(const struct pages *pages);
/* NULL if there is none with exactly this path. */
const struct endpoint *pages_endpoint(const struct pages *pages, const char *path);
const struct page *pages_file(const struct pages *pages, const char *path);

#endif
