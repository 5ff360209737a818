/* Owns nothing: one path against RFC 5280 6.1, whatever the time. */
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "path_part.h"

/* The issuer of each is the next of the path, and no other that might be found. */
static int is_next(X509_STORE_CTX *ctx, X509 *subject, X509 *issuer)
{
	const struct path *path = X509_STORE_CTX_get_app_data(ctx);

	for (unsigned i = 0; i + 1 < path->length; i++)
		if (path->at[i]->certificate == subject)
			return path->at[i + 1]->certificate == issuer;
	return 0;
}

static void set_parameters(X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	ASN1_OBJECT *any_policy = OBJ_nid2obj(NID_any_policy); /* static */

	/* RFC 5280 6.1.1 c: OpenSSL 3.0 takes an empty set for none where a CA requires one. */
	if (X509_VERIFY_PARAM_add0_policy(param, any_policy) != 1)
		abort();
	/* Strength of algorithms is judged with dates, elsewhere. */
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	X509_VERIFY_PARAM_set_depth(param, PATH_MAX_LENGTH);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME |
						       X509_V_FLAG_PARTIAL_CHAIN |
						       X509_V_FLAG_POLICY_CHECK) != 1)
		abort();
}

static bool set_flaw(struct path *path, unsigned at, const char *rule)
{
	char subject[VERDICT_TEXT];

	path_subject(path->at[at < path->length ? at : path->length - 1], subject);
	return err_set(&path->flaw, "%s: %s", subject, rule);
}

static bool says_openssl(X509_STORE_CTX *ctx, struct path *path)
{
	int depth;

	X509_STORE_CTX_set_app_data(ctx, path);
	set_parameters(ctx);
	if (X509_verify_cert(ctx) == 1 &&
		sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) == (int)path->length)
		return true;
	depth = X509_STORE_CTX_get_error_depth(ctx);
	return set_flaw(path, depth < 0 ? 0 : (unsigned)depth,
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

static bool verify(struct path *path)
{
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok;

	if (between == NULL || store == NULL || ctx == NULL)
		abort();
	for (unsigned i = 1; i + 1 < path->length; i++)
		if (sk_X509_push(between, path->at[i]->certificate) <= 0)
			abort();
	X509_STORE_set_check_issued(store, is_next);
	if (X509_STORE_add_cert(store, path->at[path->length - 1]->certificate) != 1 ||
		X509_STORE_CTX_init(ctx, store, path->at[0]->certificate, between) != 1)
		abort();
	ok = says_openssl(ctx, path);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	ERR_clear_error();
	return ok;
}

/* longterm.md 1.1 row 12, between signer and anchor. */
static bool leave_room(struct path *path)
{
	for (unsigned i = 1; i + 1 < path->length; i++)
		if ((X509_get_extended_key_usage(path->at[i]->certificate) &
			    (XKU_TIMESTAMP | XKU_ANYEKU)) == 0)
			return set_flaw(
				path, i, "its extended key usage leaves no room for time-stamping");
	return true;
}

void path_judge(struct path *path, int purpose)
{
	path->holds = verify(path) && (purpose != NID_time_stamp || leave_room(path));
}
