/* Where a service's PIN file is: for the signer, which reads it, and tsad, which never does. */
#ifndef TSA_CORE_PIN_FILE_H
#define TSA_CORE_PIN_FILE_H

#include "tsa/core/err.h"

/*
 * The path of the setting pin_file: an absolute one as it is, a relative one under
 * $CREDENTIALS_DIRECTORY (systemd LoadCredential=). out has room for MSG_MAX_PATH. False and err
 * if it is empty, too long, or relative where there is no such directory.
 */
MUST_CHECK bool pin_file_path(const char *pin_file, char *out, struct err *err);

#endif
