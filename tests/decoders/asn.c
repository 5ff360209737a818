#include "tests/decoders/asn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOMS = 16, ROOM = 16384 };

asn1_node asn_module(const char *file)
{
	char said[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	asn1_node module = NULL;

	if (asn1_parser2tree(file, &module, said) != ASN1_SUCCESS) {
		fprintf(stderr, "%s: must be an ASN.1 module: %s\n", file, said);
		exit(3);
	}
	return module;
}

static bool same_again(asn1_node value, const char *type, struct bytes der, struct err *why)
{
	int len = (int)der.len;
	uint8_t *again = must_calloc(der.len, 1);
	char said[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	int rc = asn1_der_coding(value, "", again, &len, said);
	bool same = rc == ASN1_SUCCESS && bytes_equal((struct bytes){ again, (size_t)len }, der);

	free(again);
	return same ||
	       err_set(why, "%s: %s", type, rc == ASN1_SUCCESS ? "encodes to other bytes" : said);
}

bool asn_read(
	asn1_node module, const char *type, struct bytes der, asn1_node *value, struct err *why)
{
	char said[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	char name[ASN_MAX_NAME];
	int len = (int)der.len;

	(void)snprintf(name, sizeof(name), "TimeStamps.%s", type);
	if (asn1_create_element(module, name, value) != ASN1_SUCCESS)
		return err_set(why, "%s: is not in the module", type);
	if (asn1_der_decoding2(value, der.at, &len, ASN1_DECODE_FLAG_STRICT_DER, said) !=
		ASN1_SUCCESS)
		return err_set(why, "%s: no DER: %s", type, said);
	return same_again(*value, type, der, why);
}

struct bytes asn_get(asn1_node value, const char *name)
{
	static uint8_t rooms[ROOMS][ROOM];
	static unsigned next;
	uint8_t *room = rooms[next++ % ROOMS];
	unsigned type = 0;
	int len = ROOM;
	int rc = asn1_read_value_type(value, name, room, &len, &type);

	if (rc != ASN1_SUCCESS || len < 0)
		return (struct bytes){ 0 };
	if (type == ASN1_ETYPE_BIT_STRING)
		len = (len + 7) / 8;
	return (struct bytes){ room, (size_t)len };
}

struct bytes asn_whole(asn1_node value, struct bytes der, const char *name)
{
	int start = 0;
	int end = -1;

	if (asn1_der_decoding_startEnd(value, der.at, (int)der.len, name, &start, &end) !=
			ASN1_SUCCESS ||
		end < start)
		return (struct bytes){ 0 };
	return (struct bytes){ der.at + start, (size_t)(end - start) + 1 };
}

int asn_count(asn1_node value, const char *name)
{
	int count = 0;

	return asn1_number_of_elements(value, name, &count) == ASN1_SUCCESS ? count : 0;
}

bool asn_text_is(asn1_node value, const char *name, const char *text)
{
	struct bytes found = asn_get(value, name);

	return found.len > 0 && found.len <= strlen(text) + 1 &&
	       memcmp(found.at, text, strlen(text)) == 0;
}

bool asn_is(asn1_node value, const char *name, uint8_t number)
{
	struct bytes found = asn_get(value, name);

	return found.len == 1 && found.at[0] == number;
}
