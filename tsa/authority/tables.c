#include "tsa/authority/tables.h"

#include <stdio.h>
#include <string.h>

#include "tsa/authority/pages.h"

_Static_assert(CONFIG_MAX_FILES + PAGES_COUNT <= MSG_MAX_FILES, "the front takes all files");

/* R21: sigstore's path leads to this one; endpoint_count if there is none. */
static size_t first_release(const struct config *config)
{
	size_t at = 0;

	while (at < config->endpoint_count && config->endpoints[at].purpose != CONFIG_RELEASE)
		at++;
	return at;
}

static bool send_endpoint(struct child *child, const struct config *config, size_t index)
{
	const struct config_endpoint *e = &config->endpoints[index];
	struct msg m = { .type = MSG_ENDPOINT,
		.endpoint = { .index = (uint8_t)index,
			.first_release = index == first_release(config),
			.digests = e->digests,
			.policy_count = e->policy_count } };

	(void)snprintf(m.endpoint.path, sizeof(m.endpoint.path), "%s", e->path);
	memcpy(m.endpoint.policy, e->policies, sizeof(m.endpoint.policy));
	return child_send(child, &m);
}

static bool send_file(struct child *child, const struct config_file *file)
{
	size_t at = 0;

	do {
		struct msg m = { .type = MSG_FILE };
		size_t part = file->content.len - at;

		if (part > MSG_MAX_PART)
			part = MSG_MAX_PART;
		(void)snprintf(m.file.path, sizeof(m.file.path), "%s", file->path);
		(void)snprintf(m.file.type, sizeof(m.file.type), "%s", file->type);
		m.file.offset = (uint32_t)at;
		m.file.total = (uint32_t)file->content.len;
		m.file.part = (struct bytes){ file->content.at + at, part };
		if (!child_send(child, &m))
			return false;
		at += part;
	} while (at < file->content.len);
	return true;
}

static bool send_pages(struct child *child, const struct config *config, int64_t now)
{
	struct config_file pages[PAGES_COUNT];
	size_t count = pages_make(config, now, pages);
	bool sent = true;

	for (size_t i = 0; i < count; i++) {
		sent = sent && send_file(child, &pages[i]);
		buf_free(&pages[i].content);
	}
	return sent;
}

bool tables_send(struct child *child, const struct config *config, int64_t now)
{
	bool sent = true;

	for (size_t i = 0; i < config->endpoint_count && sent; i++)
		sent = send_endpoint(child, config, i);
	sent = sent && send_pages(child, config, now);
	for (size_t i = 0; i < config->file_count && sent; i++)
		sent = send_file(child, &config->files[i]);
	return sent && tables_send_none(child);
}

bool tables_send_none(struct child *child)
{
	const struct msg done = { .type = MSG_TABLES_DONE };

	return child_send(child, &done);
}
