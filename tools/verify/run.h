/* What the command line asks for. */
#ifndef TSA_TOOLS_VERIFY_RUN_H
#define TSA_TOOLS_VERIFY_RUN_H

#include "options.h"
#include "verify.h"

/* What could not run is on standard error; err has what kept it from beginning. */
enum verify_exit verify_run(const struct verify_options *options, struct err *err);

#endif
