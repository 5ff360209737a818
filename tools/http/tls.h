/* TLS to a server whose certificate and name are checked, always. */
#ifndef TSA_TOOLS_HTTP_TLS_H
#define TSA_TOOLS_HTTP_TLS_H

#include <openssl/ssl.h>

#include "tools/http/url.h"
#include "tsa/core/err.h"

/*
 * A context that trusts the CAs in the PEM file ca, or the system's if ca is NULL. NULL and err
 * if they cannot be read. The caller frees with SSL_CTX_free.
 */
SSL_CTX *http_tls_new(const char *ca, struct err *err);

/*
 * A session that will accept only a certificate for the host of url (its name, or its address).
 * NULL and err on failure. The caller owns it.
 */
SSL *http_tls_session(SSL_CTX *context, const struct http_url *url, struct err *err);

#endif
