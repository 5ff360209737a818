/* Owns nothing. */
#include "text.h"

#include "tsa/core/bytes.h"

json_t *text_json(const char *text)
{
	static const struct bytes replacement = { (const uint8_t *)"\xef\xbf\xbd", 3 };
	json_t *string = json_string(text);
	struct buf out = { 0 };

	if (string != NULL)
		return string;
	for (; *text != '\0'; text++) {
		if ((*text & 0x80) == 0)
			buf_append(&out, (struct bytes){ (const uint8_t *)text, 1 });
		else
			buf_append(&out, replacement);
	}
	string = json_stringn((const char *)out.at, out.len);
	buf_free(&out);
	return string;
}
