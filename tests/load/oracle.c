#include "oracle.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static struct bytes oid_of(const ASN1_OBJECT *oid)
{
	return (struct bytes){ OBJ_get0_data(oid), OBJ_length(oid) };
}

/* The bytes of der again, but for the octet of a TRUE, which may be any that is not zero. */
static bool is_der(TS_REQ *req, struct bytes der)
{
	unsigned char *again = NULL;
	int len = i2d_TS_REQ(req, &again);
	bool same = len > 0 && (size_t)len == der.len;
	unsigned others = 0;

	for (size_t i = 0; same && i < der.len; i++) {
		if (again[i] == der.at[i])
			continue;
		others++;
		same = TS_REQ_get_cert_req(req) != 0 && again[i] == 0xff && der.at[i] != 0;
	}
	OPENSSL_free(again);
	return same && others <= 1;
}

static const char *imprint_fault(TS_REQ *req)
{
	TS_MSG_IMPRINT *imprint = TS_REQ_get_msg_imprint(req);
	const ASN1_OBJECT *algorithm = NULL;
	int params = 0;
	int nid, wanted;

	X509_ALGOR_get0(&algorithm, &params, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	nid = OBJ_obj2nid(algorithm);
	if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
		return "hashAlgorithm is not accepted";
	if (params != V_ASN1_UNDEF && params != V_ASN1_NULL)
		return "hashAlgorithm has parameters";
	wanted = EVP_MD_get_size(EVP_get_digestbynid(nid));
	if (ASN1_STRING_length(TS_MSG_IMPRINT_get_msg(imprint)) != wanted)
		return "hashedMessage has another length";
	return NULL;
}

static bool is_offered(const struct oracle *oracle, const ASN1_OBJECT *policy)
{
	for (size_t i = 0; i < oracle->policy_count; i++)
		if (bytes_equal(oid_of(policy), oracle->policy[i]))
			return true;
	return false;
}

/* Octets of the content of an INTEGER: its magnitude, and one more for the sign where needed. */
static int integer_len(const ASN1_INTEGER *n)
{
	return i2d_ASN1_INTEGER(n, NULL) - 2;
}

static const char *fault_of(const struct oracle *oracle, TS_REQ *req, struct bytes der)
{
	const ASN1_OBJECT *policy = TS_REQ_get_policy_id(req);
	const ASN1_INTEGER *nonce = TS_REQ_get_nonce(req);
	const char *fault;

	if (!is_der(req, der))
		return "is not DER";
	if (TS_REQ_get_version(req) != 1)
		return "version is not 1";
	fault = imprint_fault(req);
	if (fault != NULL)
		return fault;
	if (policy != NULL && !is_offered(oracle, policy))
		return "policy is not offered";
	if (nonce != NULL && integer_len(nonce) > ORACLE_MAX_NONCE)
		return "nonce is too long";
	if (TS_REQ_get_exts(req) != NULL)
		return "has extensions";
	return NULL;
}

TS_REQ *oracle_grants(const struct oracle *oracle, struct bytes der, const char **why)
{
	const unsigned char *at = der.at;
	TS_REQ *req = d2i_TS_REQ(NULL, &at, (long)der.len);

	ERR_clear_error();
	if (req == NULL)
		*why = "is no TimeStampReq";
	else if (at != der.at + der.len)
		*why = "has bytes after it";
	else
		*why = fault_of(oracle, req, der);
	if (*why == NULL)
		return req;
	TS_REQ_free(req);
	return NULL;
}

static bool same_imprint(const TS_REQ *req, TS_TST_INFO *info)
{
	unsigned char *asked = NULL, *said = NULL;
	int asked_len = i2d_TS_MSG_IMPRINT(TS_REQ_get_msg_imprint((TS_REQ *)req), &asked);
	int said_len = i2d_TS_MSG_IMPRINT(TS_TST_INFO_get_msg_imprint(info), &said);
	bool same = asked_len > 0 && said_len > 0 &&
		    bytes_equal((struct bytes){ asked, (size_t)asked_len },
			    (struct bytes){ said, (size_t)said_len });

	OPENSSL_free(asked);
	OPENSSL_free(said);
	return same;
}

const char *oracle_answers(const struct oracle *oracle, const TS_REQ *req, TS_RESP *resp)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
	const ASN1_OBJECT *policy = TS_REQ_get_policy_id((TS_REQ *)req);
	const ASN1_INTEGER *asked = TS_REQ_get_nonce(req);
	const ASN1_INTEGER *said;

	if (info == NULL)
		return "there is no TSTInfo";
	if (!same_imprint(req, info))
		return "another messageImprint";
	said = TS_TST_INFO_get_nonce(info);
	if ((asked == NULL) != (said == NULL) ||
		(asked != NULL && ASN1_INTEGER_cmp(asked, said) != 0))
		return "another nonce";
	if (!bytes_equal(oid_of(TS_TST_INFO_get_policy_id(info)),
		    policy == NULL ? oracle->policy[0] : oid_of(policy)))
		return "another policy";
	return NULL;
}
