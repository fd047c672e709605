/* tls_context: what a connection needs to see of its context. */
#ifndef POPLIN_TLS_TLS_CONTEXT_H
#define POPLIN_TLS_TLS_CONTEXT_H

#include "tls/tls.h"
#include "tls/tls_names.h"

#include <openssl/ssl.h>

enum { TICKET_KEYS_MAX = 2 };

struct tls_context {
    unsigned references;
    SSL_CTX **sides; /* one a certificate; the first answers where no name fits */
    size_t count;
    struct tls_names names;
    EVP_CIPHER *ticket_cipher; /* fetched once: a fetch per handshake costs more than its use */
    size_t ticket_key_count;
    unsigned char ticket_keys[TICKET_KEYS_MAX][TLS_TICKET_KEY_SIZE];
    bool is_pinned; /* clients' contexts: see struct tls_client_options */
    bool is_insecure;
    unsigned char pin[32];
};

/* What a client knows of its server; tls_client.c. */
struct tls_server_seen;

struct tls_connection {
    SSL *ssl;
    struct tls_context *context;
    const char *error;            /* static text; NULL: none yet */
    bool over;                    /* after a fatal fault OpenSSL must not be asked again */
    bool starved;                 /* the last read found no whole record */
    bool renegotiation;           /* the client asked for it */
    bool was_cut;                 /* the stream ended without a close_notify */
    struct tls_server_seen *seen; /* NULL on a server's side */
};

/* The part that both sides share: neither accepts nor connects yet. */
enum status tls_connection_make(struct tls_context *c, int socket, struct tls_connection **out);
void tls_server_seen_free(struct tls_server_seen *seen); /* NULL is allowed */

#endif
