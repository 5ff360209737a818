/* Owns the endpoints and the bytes of the files. */
#include "tsa/front/pages.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/core/log.h"

struct file {
	struct page page;
	uint8_t *bytes;
	uint32_t total;
	uint32_t got;
};

struct pages {
	unsigned references;
	size_t endpoint_count;
	size_t file_count;
	struct endpoint endpoint[MSG_MAX_ENDPOINTS];
	struct file file[MSG_MAX_FILES];
};

struct pages *pages_new(void)
{
	struct pages *pages = must_calloc(1, sizeof(*pages));

	pages->references = 1;
	return pages;
}

struct pages *pages_hold(struct pages *pages)
{
	pages->references++;
	return pages;
}

void pages_release(struct pages *pages)
{
	if (pages == NULL || --pages->references > 0)
		return;
	for (size_t i = 0; i < pages->file_count; i++)
		free(pages->file[i].bytes);
	free(pages);
}

void pages_add_endpoint(struct pages *pages, const struct msg_endpoint *msg)
{
	struct endpoint *e = &pages->endpoint[pages->endpoint_count];

	if (pages->endpoint_count >= MSG_MAX_ENDPOINTS)
		BUG("more than %d endpoints", MSG_MAX_ENDPOINTS);
	if (pages_endpoint(pages, msg->path) != NULL)
		BUG("endpoint twice: %s", msg->path);
	if (msg->first_release && pages_first_release(pages) != NULL)
		BUG("a second first release endpoint: %s", msg->path);
	e->index = msg->index;
	e->first_release = msg->first_release;
	memcpy(e->path, msg->path, sizeof(e->path));
	memcpy(e->policy, msg->policy, sizeof(e->policy));
	for (size_t i = 0; i < msg->policy_count; i++)
		e->policy_views[i] = (struct bytes){ e->policy[i].at, e->policy[i].len };
	e->rules = (struct tsp_rules){
		.digests = msg->digests,
		.policies = e->policy_views,
		.policy_count = msg->policy_count,
	};
	pages->endpoint_count++;
}

static void start_file(struct pages *pages, const struct msg_file *msg)
{
	struct file *f = &pages->file[pages->file_count];

	if (pages->file_count >= MSG_MAX_FILES)
		BUG("more than %d files", MSG_MAX_FILES);
	if (msg->total > MSG_MAX_FILE || pages_file(pages, msg->path) != NULL)
		BUG("file %s: too long or twice", msg->path);
	memcpy(f->page.path, msg->path, sizeof(f->page.path));
	memcpy(f->page.type, msg->type, sizeof(f->page.type));
	f->total = msg->total;
	f->bytes = must_calloc(1, (size_t)msg->total + 1);
	f->page.content = (struct bytes){ f->bytes, msg->total };
	pages->file_count++;
}

void pages_add_file(struct pages *pages, const struct msg_file *msg)
{
	struct file *f;

	if (msg->offset == 0) {
		if (!pages_complete(pages))
			BUG("file %s starts before the last one ended", msg->path);
		start_file(pages, msg);
	}
	if (pages->file_count == 0)
		BUG("file %s: no part at offset 0", msg->path);
	f = &pages->file[pages->file_count - 1];
	if (strcmp(f->page.path, msg->path) != 0 || f->got != msg->offset ||
		msg->part.len > f->total - f->got)
		BUG("file %s: part out of order", msg->path);
	if (msg->part.len > 0)
		memcpy(f->bytes + f->got, msg->part.at, msg->part.len);
	f->got += (uint32_t)msg->part.len;
}

bool pages_complete(const struct pages *pages)
{
	const struct file *last = &pages->file[pages->file_count == 0 ? 0 : pages->file_count - 1];

	return pages->file_count == 0 || last->got == last->total;
}

size_t pages_endpoint_count(const struct pages *pages)
{
	return pages->endpoint_count;
}

size_t pages_file_count(const struct pages *pages)
{
	return pages->file_count;
}

const struct endpoint *pages_endpoint(const struct pages *pages, const char *path)
{
	for (size_t i = 0; i < pages->endpoint_count; i++) {
		if (strcmp(pages->endpoint[i].path, path) == 0)
			return &pages->endpoint[i];
	}
	return NULL;
}

const struct endpoint *pages_first_release(const struct pages *pages)
{
	for (size_t i = 0; i < pages->endpoint_count; i++) {
		if (pages->endpoint[i].first_release)
			return &pages->endpoint[i];
	}
	return NULL;
}

const struct page *pages_file(const struct pages *pages, const char *path)
{
	for (size_t i = 0; i < pages->file_count; i++) {
		if (strcmp(pages->file[i].page.path, path) == 0)
			return &pages->file[i].page;
	}
	return NULL;
}
