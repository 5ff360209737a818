/* tsa-verify: what is in time-stamp tokens and responses, and whether it keeps the rules. */
#include <stdio.h>

#include "run.h"
#include "text.h"

static enum verify_exit verify(int argc, char **argv, struct err *err)
{
	struct verify_options options;

	if (!verify_options_read(argc, argv, &options, err))
		return VERIFY_COULD_NOT_RUN;
	if (options.help) {
		(void)fputs(verify_help, stdout);
		return VERIFY_PASSED;
	}
	if (options.version) {
		(void)puts("tsa-verify " TSA_VERSION);
		return VERIFY_PASSED;
	}
	return verify_run(&options, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	enum verify_exit status = verify(argc, argv, &err);

	if (err.text[0] != '\0') {
		(void)fputs("tsa-verify: ", stderr);
		text_escaped_string(stderr, err.text);
		(void)fputc('\n', stderr);
	}
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		(void)fprintf(stderr, "tsa-verify: standard output: cannot be written\n");
		status = VERIFY_COULD_NOT_RUN;
	}
	return (int)status;
}
