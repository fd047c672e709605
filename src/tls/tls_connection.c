#include "tls/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

/* What a reader of the log wants to know, where OpenSSL's words do not say it. */
struct reason {
    int code;
    const char *text;
};

static const struct reason reasons[] = {
    {SSL_R_HTTP_REQUEST, "an HTTP request on the TLS port"},
    {SSL_R_HTTPS_PROXY_REQUEST, "an HTTP proxy request on the TLS port"},
    {SSL_R_WRONG_VERSION_NUMBER, "not TLS: plain POP3 or something else on the TLS port"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the client offers no version from TLS 1.2 on"},
    {SSL_R_NO_SHARED_CIPHER, "the client offers no cipher that is accepted here"},
    {SSL_R_NO_APPLICATION_PROTOCOL, "the client wants another protocol than pop3 (ALPN)"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "the connection was cut without a close_notify"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the client does not trust the certificate (unknown CA)"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the client does not accept the certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the client does not accept the certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the client says that the certificate has expired"},
};

/* The same from a client's side. */
static const struct reason client_reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER,
     "the server does not speak TLS on this port: try pop3:// (STLS), or another port"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the server knows no version from TLS 1.2 on"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server knows no version from TLS 1.2 on"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "the server and this side have no cipher in common"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "the server speaks no POP3 on this port (ALPN)"},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, "the server's certificate is not to be believed"},
    {SSL_R_EE_KEY_TOO_SMALL, "the server's key is too short to be safe"},
    {SSL_R_DH_KEY_TOO_SMALL, "the server's Diffie-Hellman numbers are too short to be safe"},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
     "the server's TLS is too old to be safe (it knows no RFC 5746)"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "the server does not know the name it was called by (SNI)"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "the connection was cut without a close_notify"},
};

static const char *find_reason(const struct reason *rows, size_t count, int code)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].code == code)
            return rows[i].text;
    return NULL;
}

static const char *text_of(const struct tls_connection *t, unsigned long error)
{
    const char *known = NULL;
    if (ERR_GET_LIB(error) == ERR_LIB_SSL)
        known = t->seen == NULL
                    ? find_reason(reasons, sizeof reasons / sizeof *reasons, ERR_GET_REASON(error))
                    : find_reason(client_reasons, sizeof client_reasons / sizeof *client_reasons,
                                  ERR_GET_REASON(error));
    if (known != NULL)
        return known;
    const char *text = ERR_reason_error_string(error);
    return text != NULL ? text : "a fault in TLS";
}

enum status tls_connection_make(struct tls_context *c, int socket, struct tls_connection **out)
{
    *out = NULL;
    struct tls_connection *t = (struct tls_connection *)calloc(1, sizeof *t);
    if (t == NULL)
        return STATUS_NO_MEMORY;
    t->ssl = SSL_new(c->sides[0]);
    if (t->ssl == NULL || SSL_set_fd(t->ssl, socket) != 1 || SSL_set_app_data(t->ssl, t) != 1) {
        ERR_clear_error();
        SSL_free(t->ssl);
        free(t);
        return STATUS_NO_MEMORY;
    }
    t->context = tls_context_ref(c);
    *out = t;
    return STATUS_OK;
}

enum status tls_connection_new(struct tls_context *c, int socket, struct tls_connection **out)
{
    enum status s = tls_connection_make(c, socket, out);
    if (s == STATUS_OK)
        SSL_set_accept_state((*out)->ssl);
    return s;
}

void tls_connection_free(struct tls_connection *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    tls_context_unref(t->context);
    tls_server_seen_free(t->seen);
    free(t);
}

static enum status end(struct tls_connection *t, enum status s, const char *text)
{
    t->over = true;
    if (t->error == NULL)
        t->error = text;
    ERR_clear_error();
    return s;
}

static enum status end_by_system(struct tls_connection *t, int error)
{
    t->was_cut = true;
    if (error == 0)
        return end(t, STATUS_CLOSED, "the connection was cut without a close_notify");
    bool gone = error == ECONNRESET || error == EPIPE || error == ETIMEDOUT;
    return end(t, gone ? STATUS_CLOSED : STATUS_IO, strerrordesc_np(error));
}

static enum status end_by_protocol(struct tls_connection *t, unsigned long error)
{
    bool cut = ERR_GET_LIB(error) == ERR_LIB_SSL &&
               ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    t->was_cut = cut;
    return end(t, cut ? STATUS_CLOSED : STATUS_MALFORMED, text_of(t, error));
}

/* What an operation that did not succeed means. */
static enum status outcome(struct tls_connection *t, int result)
{
    int error = errno;
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        t->starved = true;
        return t->renegotiation ? end(t, STATUS_CLOSED, "the client wanted to renegotiate")
                                : STATUS_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        return STATUS_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        t->error = t->seen == NULL ? "closed by the client" : "closed by the server";
        return STATUS_CLOSED;
    case SSL_ERROR_SYSCALL:
        return end_by_system(t, error);
    default:
        return end_by_protocol(t, ERR_peek_error());
    }
}

static bool begin(struct tls_connection *t)
{
    if (t->over)
        return false;
    ERR_clear_error();
    errno = 0;
    return true;
}

enum status tls_handshake(struct tls_connection *t)
{
    if (!begin(t))
        return STATUS_CLOSED;
    int result = SSL_do_handshake(t->ssl);
    t->starved = false; /* what came in one read with its last octets is not read yet */
    return result == 1 ? STATUS_OK : outcome(t, result);
}

/* A fault in the middle of a session is the connection's, whoever made it. */
static enum status as_transfer(enum status s)
{
    return s == STATUS_MALFORMED ? STATUS_IO : s;
}

enum status tls_read(struct tls_connection *t, void *data, size_t room, size_t *got)
{
    *got = 0;
    if (!begin(t))
        return STATUS_CLOSED;
    int result = SSL_read_ex(t->ssl, data, room, got);
    t->starved = false;
    if (result != 1)
        return as_transfer(outcome(t, result));
    return t->renegotiation ? end(t, STATUS_CLOSED, "the client wanted to renegotiate") : STATUS_OK;
}

enum status tls_write(struct tls_connection *t, const void *data, size_t size, size_t *sent)
{
    *sent = 0;
    if (!begin(t))
        return STATUS_CLOSED;
    while (*sent < size) {
        size_t n = 0;
        int result = SSL_write_ex(t->ssl, (const char *)data + *sent, size - *sent, &n);
        *sent += n;
        if (result == 1)
            continue;
        enum status s = outcome(t, result);
        return s == STATUS_AGAIN && *sent > 0 ? STATUS_OK : as_transfer(s);
    }
    return STATUS_OK;
}

bool tls_has_pending(const struct tls_connection *t)
{
    return !t->over && !t->starved && SSL_has_pending(t->ssl);
}

bool tls_wants_write(const struct tls_connection *t)
{
    return SSL_want_write(t->ssl);
}

void tls_shutdown(struct tls_connection *t)
{
    if (t->over || !SSL_is_init_finished(t->ssl) ||
        (SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) != 0 || !begin(t))
        return;
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

const char *tls_version(const struct tls_connection *t)
{
    return SSL_get_version(t->ssl);
}

const char *tls_cipher(const struct tls_connection *t)
{
    const char *name = SSL_get_cipher_name(t->ssl);
    return name != NULL ? name : "";
}

const char *tls_error(const struct tls_connection *t)
{
    return t->error != NULL ? t->error : "";
}

bool tls_was_resumed(const struct tls_connection *t)
{
    return SSL_session_reused(t->ssl) == 1;
}
