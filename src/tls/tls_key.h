/* tls_key: the only place where private keys enter OpenSSL. A process that holds the keys for the
 * fronts would be put behind these functions. */
#ifndef POPLIN_TLS_TLS_KEY_H
#define POPLIN_TLS_TLS_KEY_H

#include "base/slice.h"
#include "base/status.h"
#include "tls/tls.h"

#include <openssl/ssl.h>

/* The first private key in PEM text. NOT_FOUND: there is none; DENIED: it is there, but behind a
 * passphrase; MALFORMED. */
enum status tls_key_from_pem(struct slice pem, EVP_PKEY **key);

/* Appends the key to a bundle. */
enum status tls_key_put(struct tls_bundle *b, EVP_PKEY *key);

/* Gives a context the certificate with its chain and its key (PKCS#8 DER). A context may hold one
 * certificate of each kind of key. */
enum status tls_key_install(SSL_CTX *ctx, X509 *leaf, STACK_OF(X509) * chain, struct slice der);

#endif
