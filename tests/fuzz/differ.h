/*
 * What our decoders took, read once more by OpenSSL's own TS code, which shares nothing with them:
 * it must take the same bytes, give the same values and encode them again to the same bytes.
 * Each gives NULL, or the name of the first thing in which the two differ.
 */
#ifndef TSA_TESTS_FUZZ_DIFFER_H
#define TSA_TESTS_FUZZ_DIFFER_H

#include "tsa/tsp/reply.h"
#include "tsa/tsp/request.h"
#include "tsa/tsp/tstinfo.h"

/* True if d2i_TS_REQ reads a request from the start of der; *rest: bytes that it leaves over. */
bool differ_openssl_takes_request(struct bytes der, size_t *rest);

/*
 * req is what tsp_request_decode made of der.  Where bad_params is set nothing is compared: ours
 * only counts such parameters as an element, and no such request is ever granted (badAlg).
 */
const char *differ_request(struct bytes der, const struct tsp_request *req);

/*
 * info is what tsp_tstinfo_decode made of der.  A tsa name that OpenSSL does not read (to ours it
 * is one opaque element) is left out of the comparison, the rest is not.
 */
const char *differ_tstinfo(struct bytes der, const struct tsp_tstinfo *info);

/*
 * reply is what tsp_reply_decode made of der.  A token that OpenSSL does not read by itself (to
 * ours it is one opaque element) is left out of the comparison, the status is not.
 */
const char *differ_reply(struct bytes der, const struct tsp_reply *reply);

#endif
