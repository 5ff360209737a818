/* --lint and --show over the files of the command line. */
#ifndef TSA_TOOLS_VERIFY_RUN_H
#define TSA_TOOLS_VERIFY_RUN_H

#include "options.h"

/* Exit status (design section 4). */
enum verify_exit { VERIFY_CLEAN = 0, VERIFY_FINDINGS = 1, VERIFY_COULD_NOT_RUN = 3 };

/* What could not run is on standard error; err has what kept it from beginning. */
enum verify_exit verify_run(const struct verify_options *options, struct err *err);

#endif
