/*
 * The URI of a key in a token (RFC 7512), parsed by p11-kit.  Names exactly where a key is, never
 * how to get at it: PINs and modules are settings of their own.
 */
#ifndef TSA_HSM_URI_H
#define TSA_HSM_URI_H

#include <p11-kit/pkcs11.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

struct hsm_uri;

/*
 * Parses "pkcs11:token=tsa;object=rsa2026". Needs a token (token, serial or slot-id) and an
 * object (object, id). Refuses pin-value, pin-source, module-name, module-path, a type other
 * than private, and attributes that RFC 7512 does not know. NULL and err on failure; err never
 * repeats the text, which may hold a PIN. The caller frees.
 */
MUST_CHECK struct hsm_uri *hsm_uri_parse(const char *text, struct err *err);
/* Takes NULL. */
void hsm_uri_free(struct hsm_uri *uri);

/* The text that was parsed; safe to log. Lives as long as uri. */
const char *hsm_uri_text(const struct hsm_uri *uri);

/* True if the token in this slot is meant. */
bool hsm_uri_matches_token(const struct hsm_uri *uri, CK_SLOT_ID slot, const CK_TOKEN_INFO *info);
/* True if an object with this label and id is meant. */
bool hsm_uri_matches_object(const struct hsm_uri *uri, const char *label, struct bytes id);

/* "label 'tsa', serial '0123'"; for messages. Cut if cap is short. */
void hsm_uri_describe_token(const struct hsm_uri *uri, char *out, size_t cap);
void hsm_uri_describe_object(const struct hsm_uri *uri, char *out, size_t cap);

/* Value of object=, of id=; empty: absent. Live as long as uri. */
struct bytes hsm_uri_label(const struct hsm_uri *uri);
struct bytes hsm_uri_id(const struct hsm_uri *uri);

#endif
