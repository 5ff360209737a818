/* "/": how to point each tool here.  Words and a table of endpoints; no script, nothing from
 * elsewhere. */
#include "tsa/authority/pages_part.h"

#include "tsa/tsp/der.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	"<title>RFC 3161 timestamp authority</title>\n"
	"<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
	"pre{background:#eee;padding:.6em;overflow-x:auto}td,th{text-align:left;padding-right:1em;"
	"vertical-align:top}</style>\n"
	"<h1>RFC 3161 timestamp authority</h1>\n"
	"<p>This address answers time-stamp requests: <code>POST</code> a TimeStampReq "
	"(<code>application/timestamp-query</code>). Put the address of this page in place of "
	"<code>URL</code>; use <code>http://</code>, since some signing tools take nothing else.</p>\n"
	"<h2>Signing tools</h2>\n"
	"<pre>signtool sign /tr URL /td sha256 /fd sha256 FILE        (/tr and /td, not /t)\n"
	"osslsigncode sign -ts URL -h sha256 -in FILE -out SIGNED ...  (-ts, not -t)\n"
	"jsign --tsaurl URL --tsmode RFC3161 FILE\n"
	"jarsigner -tsa URL FILE.jar ALIAS\n"
	"dotnet nuget sign FILE.nupkg --timestamper URL ...\n"
	"nuget sign FILE.nupkg -Timestamper URL ...\n"
	"cosign sign-blob --timestamp-server-url URL/api/v1/timestamp FILE</pre>\n"
	"<h2>PDF</h2>\n"
	"<pre>Adobe Acrobat   Preferences, Signatures, Document Timestamping, More, New: Server URL\n"
	"pyhanko sign addsig --timestamp-url URL ...\n"
	"jsignpdf -ts URL ...</pre>\n"
	"<h2>Any file</h2>\n"
	"<pre>tsa-stamp --url URL FILE\n\n"
	"openssl ts -query -data FILE -sha256 -cert -out FILE.tsq\n"
	"curl -H 'Content-Type: application/timestamp-query' --data-binary @FILE.tsq -o FILE.tsr URL\n"
	"openssl ts -verify -data FILE -in FILE.tsr -CAfile ROOT.pem</pre>\n";

static const char endpoints_head[] =
	"<h2>Endpoints</h2>\n<table>\n"
	"<tr><th>path<th>name<th>for<th>digests<th>policies, the first unless asked\n";

static const char certificates[] =
	"<h2>Certificates</h2>\n"
	"<ul>\n<li><a href=\"/tsu.pem\">all time-stamping units</a>, past, present and next, with "
	"their intermediates (PEM); <a href=\"/tsu\">the same with their dates</a> (JSON)\n";

static void add(struct buf *out, const char *text)
{
	buf_append(out, bytes_of_text(text));
}

static void add_digests(struct buf *out, const struct config_endpoint *endpoint)
{
	bool first = true;

	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		if ((endpoint->digests >> d & 1) == 0)
			continue;
		add(out, first ? "" : ", ");
		add(out, tsp_digest_name((enum tsp_digest)d));
		first = false;
	}
}

static void add_policies(struct buf *out, const struct config_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->policy_count; i++) {
		const struct bytes oid = { endpoint->policies[i].at, endpoint->policies[i].len };
		char text[128] = "";

		if (!der_oid_to_text(oid, text, sizeof(text)))
			continue; /* too long to print */
		add(out, i == 0 ? "" : ", ");
		add(out, text);
	}
}

/* Paths and names hold no characters that HTML reads: config_value.c allows none. */
static void add_endpoint(struct buf *out, const struct config_endpoint *endpoint)
{
	add(out, "<tr><td><code>");
	add(out, endpoint->path);
	add(out, "</code><td>");
	add(out, endpoint->name);
	add(out, endpoint->purpose == CONFIG_TEST ? "<td>test signing only<td>"
						  : "<td>release signing<td>");
	add_digests(out, endpoint);
	add(out, "<td>");
	add_policies(out, endpoint);
	add(out, "\n");
}

/* Their names hold none either: config_file.c. */
static void add_file(struct buf *out, const struct config_file *file)
{
	add(out, "<li><a href=\"");
	add(out, file->path);
	add(out, "\">");
	add(out, file->path + 1);
	add(out, "</a>\n");
}

void pages_put_index(const struct config *config, struct buf *out)
{
	bool release = false;

	add(out, head);
	add(out, endpoints_head);
	for (size_t i = 0; i < config->endpoint_count; i++) {
		add_endpoint(out, &config->endpoints[i]);
		release = release || config->endpoints[i].purpose == CONFIG_RELEASE;
	}
	add(out, "</table>\n");
	add(out, certificates);
	if (release)
		add(out, "<li><a href=\"/api/v1/timestamp/certchain\">the chain for sigstore's "
			 "clients</a> (PEM)\n");
	for (size_t i = 0; i < config->file_count; i++)
		add_file(out, &config->files[i]);
	add(out, "</ul>\n</html>\n");
}
