/* Owns the OCSP request while it is asked. */
#include "fetch_part.h"

#include <stdlib.h>

#include <openssl/err.h>

#include "tools/pem/pointers.h"

/* Empty on failure, which is a certificate whose name or key has no encoding. */
static struct buf request_of(OCSP_CERTID *id)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *copy = OCSP_CERTID_dup(id);
	struct buf out = { 0 };
	unsigned char *der = NULL;
	int len;

	if (request == NULL || copy == NULL || OCSP_request_add0_id(request, copy) == NULL)
		abort();
	len = i2d_OCSP_REQUEST(request, &der);
	if (len > 0)
		buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	return out;
}

/* True if one of the answers is about that serial number and knows it. */
static bool has_answer(OCSP_BASICRESP *basic, OCSP_CERTID *id)
{
	ASN1_INTEGER *wanted = NULL;
	bool found = false;

	(void)OCSP_id_get0_info(NULL, NULL, NULL, &wanted, id);
	for (int i = 0; !found && i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *one = OCSP_resp_get0(basic, i);
		const OCSP_CERTID *about = OCSP_SINGLERESP_get0_id(one);
		ASN1_INTEGER *serial = NULL;

		(void)OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)about);
		found = serial != NULL && ASN1_INTEGER_cmp(serial, wanted) == 0 &&
			OCSP_single_get0_status(one, NULL, NULL, NULL, NULL) !=
				V_OCSP_CERTSTATUS_UNKNOWN;
	}
	return found;
}

/* document->der is set if it is an answer about the certificate. No nonce was sent. */
static void judge(struct fetched *document, OCSP_CERTID *id)
{
	const unsigned char *at = document->octets.at;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)document->octets.len);
	OCSP_BASICRESP *basic = NULL;
	int status = response == NULL ? 0 : OCSP_response_status(response);

	document->judged = true;
	if (response == NULL || at != document->octets.at + document->octets.len)
		err_set(&document->why, "must be an OCSPResponse: is not");
	else if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		err_set(&document->why, "OCSP: responseStatus must be successful: is %s",
			OCSP_response_status_str(status));
	else if ((basic = OCSP_response_get1_basic(response)) == NULL)
		err_set(&document->why, "OCSP: must be a BasicOCSPResponse: is not");
	else if (!has_answer(basic, id))
		err_set(&document->why, "OCSP: must know the certificate: does not");
	else
		buf_append(&document->der, buf_view(&document->octets));
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}

static bool ask(struct fetch_job *job, const char *url, OCSP_CERTID *id)
{
	struct buf request = request_of(id);
	struct fetched *document = NULL;

	if (request.len > 0)
		document = fetch_post(job->fetch, url, "application/ocsp-request",
			buf_view(&request), FETCH_MAX_OCSP);
	buf_free(&request);
	if (document != NULL && document->octets.len > 0 && !document->judged)
		judge(document, id);
	if (document != NULL && document->der.len > 0)
		return fetch_take(job, MATERIAL_OCSP, "OCSP", url, buf_view(&document->der));
	fetch_refuse(job, "OCSP", url, document);
	return false;
}

void fetch_ocsp(struct fetch_job *job, const struct material_item *certificate,
	const struct material_item *issuer)
{
	const EVP_MD *const digests[] = { EVP_sha1(), EVP_sha256() };
	struct pointers named;
	bool took = false;

	pointers_read(certificate->certificate, POINTER_OCSP, &named);
	for (unsigned i = 0; !took && i < named.count; i++)
		for (unsigned j = 0; !took && j < 2; j++) {
			OCSP_CERTID *id = OCSP_cert_to_id(
				digests[j], certificate->certificate, issuer->certificate);

			if (id == NULL)
				continue;
			took = ask(job, named.urls[i], id);
			OCSP_CERTID_free(id);
		}
	pointers_free(&named);
}
