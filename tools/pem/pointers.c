/* Owns the URLs until pointers_free. */
#include "pointers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

static bool is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Keeps name if it is a URL to fetch from and to show. */
static void take(const GENERAL_NAME *name, struct pointers *pointers)
{
	const unsigned char *at;
	char *url;
	int len;

	if (name->type != GEN_URI || pointers->count == POINTERS_MAX)
		return;
	at = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
	len = ASN1_STRING_length(name->d.uniformResourceIdentifier);
	for (int i = 0; i < len; i++)
		if (at[i] <= ' ' || at[i] > '~')
			return;
	url = strndup((const char *)at, (size_t)len);
	if (url == NULL)
		abort();
	if (is_http(url))
		pointers->urls[pointers->count++] = url;
	else
		free(url);
}

static void take_access(X509 *certificate, int method, struct pointers *pointers)
{
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);

		if (OBJ_obj2nid(one->method) == method)
			take(one->location, pointers);
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static void take_points(X509 *certificate, struct pointers *pointers)
{
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);

		/* Type 0: fullName. What another CA issues is no business of this issuer's key. */
		if (point->distpoint == NULL || point->distpoint->type != 0 ||
			point->CRLissuer != NULL)
			continue;
		for (int j = 0; j < sk_GENERAL_NAME_num(point->distpoint->name.fullname); j++)
			take(sk_GENERAL_NAME_value(point->distpoint->name.fullname, j), pointers);
	}
	CRL_DIST_POINTS_free(points);
}

void pointers_read(X509 *certificate, enum pointer kind, struct pointers *pointers)
{
	*pointers = (struct pointers){ 0 };
	if (kind == POINTER_CRL)
		take_points(certificate, pointers);
	else
		take_access(certificate, kind == POINTER_OCSP ? NID_ad_OCSP : NID_ad_ca_issuers,
			pointers);
}

void pointers_free(struct pointers *pointers)
{
	for (unsigned i = 0; i < pointers->count; i++)
		free(pointers->urls[i]);
	*pointers = (struct pointers){ 0 };
}
