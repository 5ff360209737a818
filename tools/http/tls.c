/* Owns nothing that is mutable. */
#include "tools/http/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static bool err_tls(struct err *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, "%.200s: %s", what, text);
}

SSL_CTX *http_tls_new(const char *ca, struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int loaded;

	if (context == NULL) {
		err_tls(err, "TLS");
		return NULL;
	}
	loaded = ca != NULL ? SSL_CTX_load_verify_file(context, ca)
			    : SSL_CTX_set_default_verify_paths(context);
	if (loaded != 1 || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
		err_tls(err, ca != NULL ? ca : "the system's CA certificates");
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return context;
}

/* RFC 6066 3: server_name is for names only; RFC 9110 4.3.4: an address is compared as such. */
static bool expect_host(SSL *session, const struct http_url *url)
{
	if (url->numeric)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), url->host) == 1;
	SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(session, url->host) == 1 &&
	       SSL_set_tlsext_host_name(session, url->host) == 1;
}

SSL *http_tls_session(SSL_CTX *context, const struct http_url *url, struct err *err)
{
	SSL *session = SSL_new(context);

	if (session == NULL || !expect_host(session, url)) {
		err_tls(err, url->host);
		SSL_free(session);
		return NULL;
	}
	return session;
}
