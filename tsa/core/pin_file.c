/* Where a PIN file is. Opens nothing: only the process that logs in reads a PIN. */
#include "tsa/core/pin_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "tsa/core/msg.h"

bool pin_file_path(const char *pin_file, char *out, struct err *err)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (pin_file[0] == '\0')
		return err_set(err, "pin_file: a key in a token needs one: is not set");
	if (pin_file[0] == '/') {
		n = snprintf(out, MSG_MAX_PATH, "%s", pin_file);
	} else if (directory == NULL || directory[0] != '/') {
		return err_set(err,
			"pin_file %s: a relative path is under $CREDENTIALS_DIRECTORY: "
			"that is not set",
			pin_file);
	} else {
		n = snprintf(out, MSG_MAX_PATH, "%s/%s", directory, pin_file);
	}
	if (n < 0 || n >= MSG_MAX_PATH)
		return err_set(err, "pin_file %s: path must be shorter than %d bytes", pin_file,
			(int)MSG_MAX_PATH);
	return true;
}
