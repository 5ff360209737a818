/* Owns the objects that OpenSSL makes while it reads; knows our decoders only by their results. */
#include "differ.h"

#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ts.h>

#include "tsa/tsp/der.h"

enum { ANY_TRUE = 0xff, INTEGER_HEADER = 2 };

static struct bytes string_of(const ASN1_STRING *s)
{
	return (struct bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

static struct bytes oid_of(const ASN1_OBJECT *oid)
{
	return (struct bytes){ OBJ_get0_data(oid), OBJ_length(oid) };
}

/* Absent on both sides, or the same content octets: none of ours is longer than 127. */
static bool same_integer(const ASN1_INTEGER *theirs, struct bytes ours)
{
	unsigned char *der = NULL;
	int len;
	bool same;

	if (theirs == NULL)
		return ours.len == 0;
	len = i2d_ASN1_INTEGER(theirs, &der);
	same = len > INTEGER_HEADER && bytes_equal(ours, (struct bytes){ der + INTEGER_HEADER,
								 (size_t)(len - INTEGER_HEADER) });
	OPENSSL_free(der);
	return same;
}

/* A part of ours that is zero is absent. */
static bool same_number(const ASN1_INTEGER *theirs, uint64_t ours)
{
	uint64_t value = 0;

	return (theirs == NULL || ASN1_INTEGER_get_uint64(&value, theirs) == 1) && value == ours;
}

static bool same_oid(const ASN1_OBJECT *theirs, struct bytes ours)
{
	return theirs == NULL ? ours.len == 0 : bytes_equal(oid_of(theirs), ours);
}

/* The same bytes, but for the one leniency: certReq TRUE may be any octet that is not zero. */
static bool same_encoding(struct bytes theirs, struct bytes ours, bool lenient)
{
	unsigned differing = 0;

	if (theirs.len != ours.len)
		return false;
	for (size_t i = 0; i < ours.len; i++) {
		if (theirs.at[i] == ours.at[i])
			continue;
		if (!lenient || theirs.at[i] != ANY_TRUE || ours.at[i] == 0 || ++differing > 1)
			return false;
	}
	return true;
}

/* Takes *der, which i2d_*() made with the result len; by address: it is made in the same call. */
static bool encodes_to(unsigned char **der, int len, struct bytes ours, bool lenient)
{
	bool same = len > 0 && same_encoding((struct bytes){ *der, (size_t)len }, ours, lenient);

	OPENSSL_free(*der);
	return same;
}

static bool same_imprint(
	TS_MSG_IMPRINT *theirs, struct bytes oid, bool null_params, struct bytes hash)
{
	const ASN1_OBJECT *algorithm = NULL;
	int params = 0;

	if (theirs == NULL)
		return false;
	X509_ALGOR_get0(&algorithm, &params, NULL, TS_MSG_IMPRINT_get_algo(theirs));
	return same_oid(algorithm, oid) && params == (null_params ? V_ASN1_NULL : V_ASN1_UNDEF) &&
	       bytes_equal(string_of(TS_MSG_IMPRINT_get_msg(theirs)), hash);
}

/* OpenSSL gives a long; one that does not fit, or is negative, is less than zero. */
static bool same_version(long theirs, uint64_t ours)
{
	return ours > LONG_MAX ? theirs < 0 : theirs == (long)ours;
}

bool differ_openssl_takes_request(struct bytes der, size_t *rest)
{
	const unsigned char *at = der.at;
	TS_REQ *req = d2i_TS_REQ(NULL, &at, (long)der.len);

	*rest = req == NULL ? 0 : (size_t)(der.at + der.len - at);
	TS_REQ_free(req);
	ERR_clear_error();
	return req != NULL;
}

static const char *compare_request(TS_REQ *theirs, struct bytes der, const struct tsp_request *req)
{
	unsigned char *again = NULL;

	if (!same_version(TS_REQ_get_version(theirs), req->version))
		return "version";
	if (!same_imprint(TS_REQ_get_msg_imprint(theirs), req->digest_oid, req->null_params,
		    req->imprint))
		return "messageImprint";
	if (!same_oid(TS_REQ_get_policy_id(theirs), req->policy))
		return "reqPolicy";
	if (!same_integer(TS_REQ_get_nonce(theirs), req->nonce))
		return "nonce";
	if ((TS_REQ_get_cert_req(theirs) != 0) != req->cert_req)
		return "certReq";
	if ((TS_REQ_get_exts(theirs) != NULL) != req->has_extensions)
		return "extensions";
	if (!encodes_to(&again, i2d_TS_REQ(theirs, &again), der, req->cert_req))
		return "the bytes when encoded again";
	return NULL;
}

const char *differ_request(struct bytes der, const struct tsp_request *req)
{
	const unsigned char *at = der.at;
	const char *what;
	TS_REQ *theirs;

	if (req->bad_params)
		return NULL;
	theirs = d2i_TS_REQ(NULL, &at, (long)der.len);
	if (theirs == NULL)
		what = "whether it is a TimeStampReq";
	else if (at != der.at + der.len)
		what = "where it ends";
	else
		what = compare_request(theirs, der, req);
	TS_REQ_free(theirs);
	ERR_clear_error();
	return what;
}

/* The fraction of ".123Z" in microseconds, and how many digits it has. */
static uint64_t fraction_us(struct bytes text, unsigned *digits)
{
	const uint8_t *point = text.len == 0 ? NULL : memchr(text.at, '.', text.len);
	uint64_t us = 0;

	*digits = point == NULL ? 0 : (unsigned)(text.at + text.len - point) - 2;
	for (unsigned i = 0; i < 6; i++)
		us = us * 10 + (i < *digits ? (uint64_t)(point[1 + i] - '0') : 0);
	return us;
}

static bool same_time(const ASN1_GENERALIZEDTIME *theirs, const struct tsp_tstinfo *info)
{
	unsigned digits;
	uint64_t fraction = fraction_us(string_of(theirs), &digits);
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = -1, seconds = -1;
	bool same;

	same = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, theirs) == 1 && days >= 0 &&
	       seconds >= 0 && digits == info->digits &&
	       ((uint64_t)days * 86400 + (uint64_t)seconds) * 1000000 + fraction == info->time_us;
	ASN1_TIME_free(epoch);
	return same;
}

static bool same_accuracy(const TS_ACCURACY *theirs, struct tsp_accuracy ours)
{
	if (theirs == NULL)
		return ours.seconds == 0 && ours.millis == 0 && ours.micros == 0;
	return same_number(TS_ACCURACY_get_seconds(theirs), ours.seconds) &&
	       same_number(TS_ACCURACY_get_millis(theirs), ours.millis) &&
	       same_number(TS_ACCURACY_get_micros(theirs), ours.micros);
}

/* True if OpenSSL reads the name and encodes it to the same bytes again. */
static bool is_their_name(struct bytes name)
{
	const unsigned char *at = name.at;
	GENERAL_NAME *theirs = d2i_GENERAL_NAME(NULL, &at, (long)name.len);
	unsigned char *again = NULL;
	bool is = theirs != NULL && at == name.at + name.len &&
		  encodes_to(&again, i2d_GENERAL_NAME(theirs, &again), name, false);

	GENERAL_NAME_free(theirs);
	return is;
}

static bool same_name(GENERAL_NAME *theirs, struct bytes ours)
{
	unsigned char *again = NULL;

	if (theirs == NULL)
		return ours.len == 0;
	return encodes_to(&again, i2d_GENERAL_NAME(theirs, &again), ours, false);
}

static const char *compare_tstinfo(
	TS_TST_INFO *theirs, struct bytes der, const struct tsp_tstinfo *info)
{
	unsigned char *again = NULL;

	if (TS_TST_INFO_get_version(theirs) != 1)
		return "version";
	if (!same_oid(TS_TST_INFO_get_policy_id(theirs), info->policy))
		return "policy";
	if (!same_imprint(TS_TST_INFO_get_msg_imprint(theirs), tsp_digest_oid(info->digest),
		    info->null_params, info->imprint))
		return "messageImprint";
	if (!same_integer(TS_TST_INFO_get_serial(theirs), info->serial))
		return "serialNumber";
	if (!same_time(TS_TST_INFO_get_time(theirs), info))
		return "genTime";
	if (!same_accuracy(TS_TST_INFO_get_accuracy(theirs), info->accuracy))
		return "accuracy";
	if (TS_TST_INFO_get_ordering(theirs) != 0)
		return "ordering";
	if (!same_integer(TS_TST_INFO_get_nonce(theirs), info->nonce))
		return "nonce";
	if (!same_name(TS_TST_INFO_get_tsa(theirs), info->tsa_name))
		return "tsa";
	if (!encodes_to(&again, i2d_TS_TST_INFO(theirs, &again), der, false))
		return "the bytes when encoded again";
	return NULL;
}

static const char *differ_whole_tstinfo(struct bytes der, const struct tsp_tstinfo *info)
{
	const unsigned char *at = der.at;
	TS_TST_INFO *theirs = d2i_TS_TST_INFO(NULL, &at, (long)der.len);
	const char *what;

	if (theirs == NULL)
		what = "whether it is a TSTInfo";
	else if (at != der.at + der.len)
		what = "where it ends";
	else
		what = compare_tstinfo(theirs, der, info);
	TS_TST_INFO_free(theirs);
	ERR_clear_error();
	return what;
}

const char *differ_tstinfo(struct bytes der, const struct tsp_tstinfo *info)
{
	static uint8_t buf[1 << 16];
	struct tsp_tstinfo nameless = *info;
	struct bytes without;

	if (info->tsa_name.len == 0 || is_their_name(info->tsa_name))
		return differ_whole_tstinfo(der, info);
	nameless.tsa_name = (struct bytes){ 0 };
	without = tsp_tstinfo_encode(&nameless, buf, sizeof(buf));
	return differ_whole_tstinfo(without, &nameless);
}

/* Exactly the bit that ours found, or no failInfo at all. */
static bool same_failure(const ASN1_BIT_STRING *theirs, enum tsp_failure ours)
{
	if (theirs == NULL)
		return ours == TSP_GRANTED;
	for (int bit = 0; bit < 8 * ASN1_STRING_length(theirs); bit++)
		if ((ASN1_BIT_STRING_get_bit(theirs, bit) == 1) != (bit == (int)ours))
			return false;
	return ASN1_STRING_length(theirs) > 0;
}

static bool same_text(const STACK_OF(ASN1_UTF8STRING) * theirs, struct bytes ours)
{
	if (theirs == NULL)
		return ours.len == 0;
	return sk_ASN1_UTF8STRING_num(theirs) > 0 &&
	       bytes_equal(string_of(sk_ASN1_UTF8STRING_value(theirs, 0)), ours);
}

static const char *compare_status(
	const TS_STATUS_INFO *theirs, struct bytes der, const struct tsp_reply *reply)
{
	unsigned char *again = NULL;

	if (!same_number(TS_STATUS_INFO_get0_status(theirs), reply->status))
		return "status";
	if (!same_text(TS_STATUS_INFO_get0_text(theirs), reply->text))
		return "statusString";
	if (!same_failure(TS_STATUS_INFO_get0_failure_info(theirs), reply->failure))
		return "failInfo";
	if (!encodes_to(&again, i2d_TS_STATUS_INFO(theirs, &again), der, false))
		return "the status when encoded again";
	return NULL;
}

static const char *differ_status(struct bytes der, const struct tsp_reply *reply)
{
	const unsigned char *at = der.at;
	TS_STATUS_INFO *theirs = d2i_TS_STATUS_INFO(NULL, &at, (long)der.len);
	const char *what;

	if (theirs == NULL)
		what = "whether it is a PKIStatusInfo";
	else if (at != der.at + der.len)
		what = "where the status ends";
	else
		what = compare_status(theirs, der, reply);
	TS_STATUS_INFO_free(theirs);
	return what;
}

/* True if OpenSSL finds a TSTInfo in it. */
static bool is_their_token(struct bytes token)
{
	const unsigned char *at = token.at;
	PKCS7 *theirs = d2i_PKCS7(NULL, &at, (long)token.len);
	TS_TST_INFO *info = theirs == NULL ? NULL : PKCS7_to_TS_TST_INFO(theirs);
	bool is = info != NULL && at == token.at + token.len;

	TS_TST_INFO_free(info);
	PKCS7_free(theirs);
	return is;
}

static const char *differ_whole_reply(struct bytes der, const struct tsp_reply *reply)
{
	const unsigned char *at = der.at;
	TS_RESP *theirs;
	const char *what = NULL;

	if (reply->token.len > 0 && !is_their_token(reply->token))
		return NULL;
	theirs = d2i_TS_RESP(NULL, &at, (long)der.len);
	if (theirs == NULL)
		what = "whether it is a TimeStampResp";
	else if (at != der.at + der.len)
		what = "where it ends";
	else if ((TS_RESP_get_token(theirs) != NULL) != (reply->token.len > 0))
		what = "whether there is a token";
	TS_RESP_free(theirs);
	return what;
}

const char *differ_reply(struct bytes der, const struct tsp_reply *reply)
{
	struct der d = { .rest = der };
	struct der fields = der_enter(&d, DER_SEQUENCE);
	const char *what = differ_status(der_take_whole(&fields, DER_SEQUENCE), reply);

	if (what == NULL)
		what = differ_whole_reply(der, reply);
	ERR_clear_error();
	return what;
}
