/* Files that appear whole and durable, or not at all. */
#ifndef TSA_TOOLS_STAMP_OUTPUT_H
#define TSA_TOOLS_STAMP_OUTPUT_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

/*
 * Writes content beside path, makes it durable and gives it its name, with the permissions that
 * umask leaves; the folder's entry is durable too. A file that has the name is replaced only if
 * replace says so, else it is an error. False and err on failure; then path is as it was.
 */
MUST_CHECK bool output_write(const char *path, struct bytes content, bool replace, struct err *err);

#endif
