/* Which key: listing the keys of a token and finding the one that is meant. */
#ifndef TSA_HSM_OBJECT_H
#define TSA_HSM_OBJECT_H

#include "tsa/core/bytes.h"
#include "tsa/hsm/module.h"
#include "tsa/hsm/uri.h"

enum {
	HSM_MAX_KEYS = 1024, /* keys of one class in a token */
	HSM_MAX_LABEL = 255, /* bytes of CKA_LABEL */
	HSM_MAX_ID = 255, /* bytes of CKA_ID; libp11 reads no more */
};

/* A key in the token; private ones are only seen after login. */
struct hsm_key {
	CK_OBJECT_HANDLE handle;
	CK_KEY_TYPE type;
	char label[HSM_MAX_LABEL + 1];
	size_t id_len;
	uint8_t id[HSM_MAX_ID];
};

/* Lists the keys of class CKO_PRIVATE_KEY or CKO_PUBLIC_KEY. The caller frees *keys. */
MUST_CHECK bool hsm_list_keys(struct hsm *hsm, CK_OBJECT_CLASS class, struct hsm_key **keys,
	size_t *count, enum msg_failure *failure, struct err *err);

/*
 * Finds the one private key that uri means; none and several are failures of class KEY that list
 * the private keys there.
 */
MUST_CHECK bool hsm_find_key(struct hsm *hsm, const struct hsm_uri *uri, struct hsm_key *key,
	enum msg_failure *failure, struct err *err);

struct bytes hsm_key_id(const struct hsm_key *key);
/* "RSA", "EC", "Ed25519 or Ed448", "type 0x1f"; static or written into buf. */
const char *hsm_key_type_name(CK_KEY_TYPE type, char buf[32]);

/*
 * Reads one attribute into out; *len gets its length. CKR_ATTRIBUTE_TYPE_INVALID for one that is
 * not there, CKR_BUFFER_TOO_SMALL for one longer than cap.
 */
MUST_CHECK CK_RV hsm_attribute(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	void *out, size_t cap, size_t *len);

#endif
