/* tls_record: what a bundle's bytes are made of. A row of records, each a kind (one octet), a size
 * (four octets, most significant first) and as many octets of DER or key. A LEAF begins a
 * certificate; the CHAIN records and the KEY after it belong to it. */
#ifndef POPLIN_TLS_TLS_RECORD_H
#define POPLIN_TLS_TLS_RECORD_H

#include "tls/tls.h"

enum tls_record_kind {
    TLS_RECORD_LEAF = 1, /* the server's own certificate, DER */
    TLS_RECORD_CHAIN,    /* an intermediate certificate, DER, nearest to the leaf first */
    TLS_RECORD_KEY,      /* PKCS#8, DER */
    TLS_RECORD_TICKETS,  /* ticket keys, newest first */
};

/* Appends a record; the bytes that were there are moved and wiped at their old place. False: no
 * memory, the bundle is as before. */
bool tls_record_put(struct tls_bundle *b, enum tls_record_kind kind, struct slice body);

/* Takes the first record off *rest. False: *rest is empty, or what is left in it is damaged. */
bool tls_record_next(struct slice *rest, enum tls_record_kind *kind, struct slice *body);

#endif
