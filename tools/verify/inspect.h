/* --lint and --show over the files of the command line. */
#ifndef TSA_TOOLS_VERIFY_INSPECT_H
#define TSA_TOOLS_VERIFY_INSPECT_H

#include "options.h"
#include "verify.h"

/* What could not run is on standard error; err has what kept it from beginning. */
enum verify_exit inspect_run(const struct verify_options *options, struct err *err);

#endif
