/* tls_names: which certificate a client's server name (SNI) means. A fixed table, sorted, made
 * once; nothing else is ever looked up by a name that a client sent. */
#ifndef POPLIN_TLS_TLS_NAMES_H
#define POPLIN_TLS_TLS_NAMES_H

#include "base/slice.h"
#include "base/status.h"

#include <openssl/x509.h>

struct tls_name {
    char *text;   /* lower case; "*.example.org" for a wildcard */
    size_t index; /* the number that tls_names_add was given */
};

struct tls_names {
    struct tls_name *rows;
    size_t count;
};

/* Adds the DNS names of a certificate (or its common name, if it has none). */
enum status tls_names_add(struct tls_names *n, X509 *certificate, size_t index);
/* Whether `other` has the very names that were added with index. */
bool tls_names_same(const struct tls_names *n, size_t index, const struct tls_names *other);
/* After the last add, before the first find. */
void tls_names_sort(struct tls_names *n);
/* The certificate for host: its exact name, else a wildcard in place of its first label. Where two
 * have the name, the one with the lower index. False: none. */
bool tls_names_find(const struct tls_names *n, const char *host, size_t *index);
void tls_names_wipe(struct tls_names *n);

#endif
