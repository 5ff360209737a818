/* tsa-stamp: asks a time-stamp authority for tokens over files, and checks what it answers. */
#include <signal.h>
#include <stdio.h>

#include "run.h"

static enum stamp_exit stamp(int argc, char **argv, struct err *err)
{
	struct stamp_options options;
	struct report report;

	if (!stamp_options_read(argc, argv, &options, err))
		return STAMP_COULD_NOT_RUN;
	if (options.help) {
		(void)fputs(stamp_help, stdout);
		return STAMP_ALL;
	}
	if (options.version) {
		(void)puts("tsa-stamp " TSA_VERSION);
		return STAMP_ALL;
	}
	report_init(&report, &options);
	if (!stamp_run(&options, &report, err)) {
		report_not_run(&report, err->text);
		return STAMP_COULD_NOT_RUN;
	}
	return report_end(&report);
}

int main(int argc, char **argv)
{
	enum stamp_exit status;
	struct err err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	status = stamp(argc, argv, &err);
	if (err.text[0] != '\0')
		(void)fprintf(stderr, "tsa-stamp: %s\n", err.text);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		(void)fprintf(stderr, "tsa-stamp: standard output: cannot be written\n");
		status = STAMP_COULD_NOT_RUN;
	}
	return (int)status;
}
