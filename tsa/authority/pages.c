#include "tsa/authority/pages.h"

#include <stdio.h>
#include <string.h>

static void add(struct buf *out, const char *text)
{
	buf_append(out, bytes_of_text(text));
}

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	"<title>RFC 3161 timestamp authority</title>\n"
	"<style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
	"pre{background:#eee;padding:.6em;overflow-x:auto}</style>\n"
	"<h1>RFC 3161 timestamp authority</h1>\n"
	"<p>This address answers time-stamp requests: <code>POST</code> a TimeStampReq "
	"(<code>application/timestamp-query</code>). Put the address of this page in place of "
	"<code>URL</code>; use <code>http://</code>, since some signing tools take nothing else.</p>\n"
	"<pre>signtool sign /tr URL /td sha256 /fd sha256 FILE\n"
	"osslsigncode sign -ts URL -h sha256 -in FILE -out SIGNED ...\n"
	"jarsigner -tsa URL FILE.jar ALIAS\n"
	"jsign --tsaurl URL --tsmode RFC3161 FILE\n"
	"openssl ts -query -data FILE -sha256 -cert -out FILE.tsq\n"
	"curl -H 'Content-Type: application/timestamp-query' --data-binary @FILE.tsq -o FILE.tsr URL\n"
	"openssl ts -verify -data FILE -in FILE.tsr -CAfile ROOT.pem</pre>\n";

static void add_endpoint(struct buf *out, const struct config_endpoint *e)
{
	char row[MSG_MAX_PATH + MSG_MAX_NAME + 64];

	/* Paths and names hold no characters that HTML reads: config.c allows none. */
	(void)snprintf(row, sizeof(row), "<li><code>%s</code> %s (%s)</li>\n", e->path, e->name,
		e->purpose == CONFIG_TEST ? "test signing only" : "release signing");
	add(out, row);
}

static void make_index(const struct config *config, struct config_file *page)
{
	(void)snprintf(page->path, sizeof(page->path), "/");
	(void)snprintf(page->type, sizeof(page->type), "text/html; charset=utf-8");
	add(&page->content, head);
	add(&page->content, "<h2>Endpoints</h2>\n<ul>\n");
	for (size_t i = 0; i < config->endpoint_count; i++)
		add_endpoint(&page->content, &config->endpoints[i]);
	add(&page->content, "</ul>\n<p><a href=\"/tsu.pem\">Certificates of the time-stamping "
			    "units</a> (PEM)</p>\n</html>\n");
}

static void make_tsu_pem(const struct config *config, struct config_file *page)
{
	(void)snprintf(page->path, sizeof(page->path), "/tsu.pem");
	(void)snprintf(page->type, sizeof(page->type), "application/x-pem-file");
	for (size_t i = 0; i < config->tsu_count; i++)
		buf_append(&page->content, buf_view(&config->tsus[i].pem));
}

void pages_make(const struct config *config, struct config_file pages[PAGES_COUNT])
{
	memset(pages, 0, PAGES_COUNT * sizeof(pages[0]));
	make_index(config, &pages[0]);
	make_tsu_pem(config, &pages[1]);
}
