/*
 * Why a PKCS#11 module or OpenSSL said no: as words for a person, and as the class that decides
 * what tsad does about it.
 */
#ifndef TSA_HSM_RV_H
#define TSA_HSM_RV_H

#include <p11-kit/pkcs11.h>

#include "tsa/core/err.h"
#include "tsa/core/msg.h"

/*
 * Session lost, device gone and out of room are DEVICE (a fresh process may help), CKR_PIN_* are
 * PIN (trying again locks the token), what the key may not do is KEY, the rest OTHER.
 */
enum msg_failure hsm_rv_failure(CK_RV rv);

/* As err_set, followed by ": CKR_DEVICE_ERROR (0x30)". Returns false. */
bool hsm_err_rv(struct err *err, CK_RV rv, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts more behind the text that is there. Returns false. */
bool hsm_err_append(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, followed by the reason that OpenSSL's queue ends in; empties it. Returns false. */
bool hsm_err_openssl(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
