/* File names and the words of servers as JSON. */
#ifndef TSA_TOOLS_STAMP_TEXT_H
#define TSA_TOOLS_STAMP_TEXT_H

#include <jansson.h>

/* A string that is JSON whatever its bytes: each that is not ASCII is replaced if it is no UTF-8.
 */
json_t *text_json(const char *text);

#endif
