/* Owns nothing. */
#include "query.h"

#include <openssl/rand.h>

#include "tsa/token/build.h"
#include "tsa/tsp/der.h"

bool stamp_query_add_nonce(struct stamp_query *query, struct err *err)
{
	if (RAND_bytes(query->nonce, sizeof(query->nonce)) != 1)
		return err_openssl(err, "nonce");
	query->nonce[0] = (uint8_t)((query->nonce[0] & 0x7f) | 0x40);
	query->has_nonce = true;
	return true;
}

static void put_imprint(struct der_out *d, const struct stamp_query *query)
{
	size_t imprint = der_out_mark(d);
	size_t algorithm;

	der_put(d, DER_OCTET_STRING,
		(struct bytes){ query->imprint, tsp_digest_len(query->digest) });
	algorithm = der_out_mark(d);
	der_put_null(d);
	der_put_oid(d, tsp_digest_oid(query->digest));
	der_put_header(d, DER_SEQUENCE, algorithm);
	der_put_header(d, DER_SEQUENCE, imprint);
}

struct bytes stamp_query_encode(const struct stamp_query *query, uint8_t *buf, size_t cap)
{
	static const uint8_t der_true = 0xff;
	struct der_out d = der_out_on(buf, cap);
	size_t mark = der_out_mark(&d);

	/* certReq DEFAULT FALSE is not encoded (X.690 11.5) */
	if (query->cert_req)
		der_put(&d, DER_BOOLEAN, (struct bytes){ &der_true, 1 });
	if (query->has_nonce)
		der_put(&d, DER_INTEGER, (struct bytes){ query->nonce, sizeof(query->nonce) });
	if (query->policy.len > 0)
		der_put_oid(&d, query->policy);
	put_imprint(&d, query);
	der_put_u64(&d, DER_INTEGER, 1);
	der_put_header(&d, DER_SEQUENCE, mark);
	return der_out_view(&d);
}
