/* tls_client: TLS 1.2 and 1.3 towards a server, on OpenSSL 3. Certificates are verified against the
 * system's store (or a file) and the name, or pinned by fingerprint. Connections are the same
 * struct tls_connection as the server's: tls_handshake, tls_read, tls_write, tls_error. */
#ifndef POPLIN_TLS_TLS_CLIENT_H
#define POPLIN_TLS_TLS_CLIENT_H

#include "tls/tls.h"

struct tls_client_options {
    const char *ca_file;              /* NULL: the system's store */
    const unsigned char *fingerprint; /* 32 octets, SHA-256 of the certificate's DER: it alone is
                                         believed, name and chain are not looked at; NULL: none */
    bool insecure_for_diagnosis;      /* doctor and account info only: goes on whatever is wrong,
                                         and tls_client_problem says what it was */
};

enum status tls_client_context_new(const struct tls_client_options *options,
                                   struct tls_context **out, char why[300]);

/* MALFORMED: blanks or control characters in host. `host`: a DNS name (sent as SNI, checked) or an
 * address (checked against the certificate's addresses). ALPN `pop3` is offered. */
enum status tls_client_connection_new(struct tls_context *c, int socket, const char *host,
                                      struct tls_connection **out);

/* After a failed handshake: what is wrong with the certificate and what to do, or NULL. Printable,
 * one line; what can be pasted into an account stands at its end. */
const char *tls_client_problem(const struct tls_connection *t);
/* The server's certificate: SHA-256 of its DER; false: none. */
bool tls_client_fingerprint(const struct tls_connection *t, unsigned char out[32]);
/* One line for people: subject, issuer, dates. */
enum status tls_client_certificate(const struct tls_connection *t, struct buf *out);
/* Its first and last moment, seconds since 1970; false: no certificate, or no dates. */
bool tls_client_validity(const struct tls_connection *t, int64_t *from, int64_t *until);
/* After CLOSED or IO: whether the stream was cut, not ended by the server's close_notify. Anybody
 * on the way can cut, so what has no end of its own is then not whole. */
bool tls_client_was_cut(const struct tls_connection *t);

#endif
