/* tls_client_certificate: what a client saw of its server's certificate, and the words for what is
 * wrong with it; seen by src/tls only. */
#ifndef POPLIN_TLS_TLS_CLIENT_CERTIFICATE_H
#define POPLIN_TLS_TLS_CLIENT_CERTIFICATE_H

#include <openssl/x509.h>

enum { TLS_PROBLEM_SIZE = 800, TLS_HOST_SIZE = 256 };

struct tls_server_seen {
    X509 *certificate;
    char host[TLS_HOST_SIZE];
    char problem[TLS_PROBLEM_SIZE]; /* "": none */
};

void tls_fingerprint_of(const X509 *x, unsigned char out[32]);
/* Both write seen->problem about seen->certificate: after the chain was not verified; and when it
 * is not the one that was pinned. */
void tls_say_problem(struct tls_server_seen *seen, const X509_STORE_CTX *chain);
void tls_say_not_pinned(struct tls_server_seen *seen);

#endif
