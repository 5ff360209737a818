/* Owns the list of pages. */
#include "tsa/authority/pages.h"

#include <stdio.h>
#include <string.h>

#include "tsa/authority/pages_part.h"

static void put_tsu_pem(const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < config->tsu_count; i++)
		buf_append(out, buf_view(&config->tsus[i].pem));
	for (size_t i = 0; i < config->past_count; i++)
		buf_append(out, buf_view(&config->past[i].pem));
}

static struct buf *name_page(struct config_file *page, const char *path, const char *type)
{
	(void)snprintf(page->path, sizeof(page->path), "%s", path);
	(void)snprintf(page->type, sizeof(page->type), "%s", type);
	return &page->content;
}

size_t pages_make(const struct config *config, int64_t now, struct config_file pages[PAGES_COUNT])
{
	struct buf *chain;

	memset(pages, 0, PAGES_COUNT * sizeof(pages[0]));
	pages_put_index(config, name_page(&pages[0], "/", "text/html; charset=utf-8"));
	put_tsu_pem(config, name_page(&pages[1], "/tsu.pem", "application/x-pem-file"));
	pages_put_tsu_json(config, now, name_page(&pages[2], "/tsu", "application/json"));
	chain = name_page(
		&pages[3], "/api/v1/timestamp/certchain", "application/pem-certificate-chain");
	pages_put_certchain(config, now, chain);
	/* Where there is no release endpoint there is no chain either. */
	return chain->len == 0 ? PAGES_COUNT - 1 : PAGES_COUNT;
}
