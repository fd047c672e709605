/* tls: TLS 1.2 and 1.3 for the server's connections, on OpenSSL 3.
 *
 * Certificates and keys are read by the master (tls_bundle_load) into one bundle of bytes, which
 * travels to the fronts in a memfd; a context is made from a bundle without touching the file
 * system. Private keys enter OpenSSL in one function (tls_key.c), so that a process of its own can
 * hold them later. */
#ifndef POPLIN_TLS_TLS_H
#define POPLIN_TLS_TLS_H

#include "base/buf.h"
#include "base/status.h"

#include <sys/types.h>

/* Paths of PEM files; chain and key may be one file. */
struct tls_files {
    const char *certificate;
    const char *key;
};

enum {
    TLS_TICKET_KEY_SIZE = 80,
    /* Seconds that a ticket is good for. A ticket key must stay (as the second, when a new one is
     * put before it) for at least that long. */
    TLS_TICKET_LIFETIME = 4 * 3600,
};

/* Makes OpenSSL ready: texts of errors, random numbers; no configuration file is ever read. To be
 * called once, before a process is confined. A confined process needs memory, read, write,
 * getrandom and getpid. SIGPIPE is to be ignored: OpenSSL writes with write(). */
void tls_global_init(void);

/* Everything a context needs, as bytes: certificates, keys, ticket keys. malloc'd and secret:
 * wiped by tls_bundle_free. */
struct tls_bundle {
    char *data;
    size_t size;
};

/* Reads and checks the files: they parse, the key fits the certificate. On failure `why` says file,
 * cause and next step. On success it is empty, or a warning for the log: a certificate that has
 * expired or soon will, or is not valid yet, a key that everybody may read; all are used the same.
 * ticket_keys: newest first, one or two times TLS_TICKET_KEY_SIZE octets, the same for every front.
 * The first pair answers clients whose server name fits none. */
enum status tls_bundle_load(const struct tls_files *files, size_t count, struct slice ticket_keys,
                            struct tls_bundle *out, char why[300]);
void tls_bundle_free(struct tls_bundle *b);

/* `tls auto`: the host's Let's Encrypt folder (directory/live/hostname/…), when it is readable.
 * Fills both paths (LIMIT_PATH each) and says whether they exist. */
bool tls_find_letsencrypt(const char *directory, const char *hostname, char *certificate,
                          char *key);
/* A self-signed ECDSA P-256 certificate for hostname and localhost, good for ten years, as a
 * bundle. Kept in `directory` (self-signed.pem, 0600) if it is not NULL and writable, so that it
 * stays the same over restarts; made anew when it is for another host or about to expire. On
 * success `why` is empty, or says why it could not be kept. */
enum status tls_bundle_generate(const char *hostname, const char *directory,
                                struct slice ticket_keys, struct tls_bundle *out, char why[300]);

/* A context: shared by all connections of a process, counted by reference, read-only. Several may
 * live at once: after a reload old connections keep theirs. Not for several threads. */
struct tls_context;
enum status tls_context_new(struct slice bundle, struct tls_context **out, char why[300]);
struct tls_context *tls_context_ref(struct tls_context *c);
void tls_context_unref(struct tls_context *c);

/* One connection over a non-blocking socket. It holds about 9 KiB until tls_handshake is first
 * called (best not before the socket is readable), 43 KiB while a handshake waits for the client,
 * 14 KiB when idle. */
struct tls_connection;
enum status tls_connection_new(struct tls_context *c, int socket, struct tls_connection **out);
void tls_connection_free(struct tls_connection *t); /* NULL is allowed; does not close the socket */

/* OK: done. AGAIN: wait until the socket is readable (or writable: tls_wants_write). CLOSED,
 * MALFORMED: over; tls_error says why, for the log. */
enum status tls_handshake(struct tls_connection *t);
/* OK with *got > 0, AGAIN, CLOSED (close_notify or EOF), IO. */
enum status tls_read(struct tls_connection *t, void *data, size_t room, size_t *got);
/* OK with *sent > 0 (perhaps fewer than size), AGAIN, CLOSED, IO. Records of up to 16 KiB are
 * sealed before it is known whether the socket takes them: after AGAIN, and after fewer than size,
 * the next call must go on with the octets that were not sent, from any address, and with no fewer
 * of them. */
enum status tls_write(struct tls_connection *t, const void *data, size_t size, size_t *sent);
/* Octets that have been read from the socket and wait in memory, so that no poll would tell of
 * them; false after tls_read said AGAIN. */
bool tls_has_pending(const struct tls_connection *t);
bool tls_wants_write(const struct tls_connection *t);
/* Sends close_notify, once, without waiting. */
void tls_shutdown(struct tls_connection *t);

const char *tls_version(const struct tls_connection *t); /* "TLSv1.3" */
const char *tls_cipher(const struct tls_connection *t);
const char *tls_error(const struct tls_connection *t); /* one line, printable */
bool tls_was_resumed(const struct tls_connection *t);

/* Channel bindings, for either side. tls-exporter [RFC 9266], 32 octets; false: the handshake is
 * not over, or it is TLS 1.2 without extended master secret. */
bool tls_exporter(const struct tls_connection *t, unsigned char out[32]);
/* tls-server-end-point [RFC 5929 4]: the hash of the server's certificate, at most 64 octets; 0:
 * none. */
size_t tls_end_point(const struct tls_connection *t, unsigned char out[64]);

#endif
