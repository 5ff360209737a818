/* Starts the real tsa-signer on a socket pair and speaks to it as tsad does. */
#ifndef TSA_TESTS_FAKE_SIGNER_ROLE_H
#define TSA_TESTS_FAKE_SIGNER_ROLE_H

#include <sys/types.h>

#include <openssl/evp.h>

#include "tests/fake/softhsm.h"
#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

struct role {
	pid_t pid;
	struct ipc *ipc;
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
};

/* Standard error goes to signer.log in the folder of softhsm. The caller ends it. */
struct role *role_start(const struct softhsm *softhsm);
void role_send(struct role *role, const struct msg *m);
/* Waits up to half a minute; views in m live until the next call. */
enum ipc_result role_receive(struct role *role, struct msg *m);
/* Sends a SETUP that must be answered with SIGNER_READY. */
void role_must_be_ready(struct role *role, const struct msg *setup);
/* Closes the channel and gives the status that the process left with. */
int role_end(struct role *role);

/*
 * A good SETUP for key "pkcs11:token=tsa;object=LABEL" through p11wrap, with a certificate for
 * public, which lives in *der; the caller frees that by OPENSSL_free.
 */
struct msg role_setup(
	const struct softhsm *softhsm, const char *label, EVP_PKEY *public, uint8_t **der);

/* A TSTInfo of ours with that counter in its serial; in buf (TSP_MAX_TSTINFO). */
struct bytes role_tstinfo(uint8_t *buf, uint32_t counter);

/* Lines of p11wrap's log, p11.log in the folder of softhsm, that hold text. */
unsigned role_logins(const struct softhsm *softhsm, const char *text);

/* True if what the role printed, signer.log there, holds text. */
bool role_log_has(const struct softhsm *softhsm, const char *text);

#endif
