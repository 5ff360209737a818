/* URLs and Retry-After: a URL that is taken apart is the same once it is put together again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/http/retry.h"
#include "tools/http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *text)
{
	struct http_url url, again;
	struct err err = { 0 };
	char whole[HTTP_MAX_URL + 64];

	if (!http_url_parse(text, &url, &err)) {
		if (err.text[0] == '\0')
			abort();
		return;
	}
	if (url.host[0] == '\0' || url.target[0] != '/' || url.port == 0)
		abort();
	(void)snprintf(whole, sizeof(whole), "%s://%s%s", url.tls ? "https" : "http", url.authority,
		url.target);
	if (strlen(whole) > HTTP_MAX_URL)
		return; /* the path was empty and the URL as long as may be */
	if (!http_url_parse(whole, &again, &err) || url.tls != again.tls ||
		url.port != again.port || strcmp(url.host, again.host) != 0 ||
		strcmp(url.target, again.target) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	int64_t wait_s = -1;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check_url(text);
	if (http_retry_after(text, 784111777, &wait_s) && wait_s < 0)
		abort();
	free(text);
	return 0;
}
