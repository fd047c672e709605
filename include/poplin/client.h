/* poplin/client.h: a POP3 client that blocks, over sockets and TLS, for those who have no event
 * loop of their own.
 *
 *     struct poplin_client *c = poplin_client_new();
 *     if (poplin_client_connect(c, "pop3s://pop.example.org", NULL) == POPLIN_CLIENT_OK &&
 *         poplin_client_login(c, "ann@example.org", password) == POPLIN_CLIENT_OK) …
 *     poplin_client_quit(c);
 *     poplin_client_free(c);
 *
 * Certificates are verified; pop3:// is STLS and never goes on in clear, but on loopback; a
 * password is never sent in clear off loopback unless the options say so. The server's answers are
 * not trusted: memory is bounded, nonsense is an error.
 *
 * Functions give POPLIN_CLIENT_OK or the kind of the error; poplin_client_error_text says more.
 * poplin_client_is_open tells whether the session goes on: it does when a command was refused, or
 * never sent. An error that has closed it is said again by later calls, until the next connect. A
 * handle is used by one thread at a time. SIGPIPE of its writes is held back. */
#ifndef POPLIN_CLIENT_H
#define POPLIN_CLIENT_H

#include <poplin/api.h>

#ifdef __cplusplus
extern "C" {
#endif

struct poplin_client;

enum poplin_client_error {
    POPLIN_CLIENT_OK = 0,
    POPLIN_CLIENT_UNREACHABLE = 1, /* no such host, no connection */
    POPLIN_CLIENT_TLS = 2,         /* missing, refused, or not to be trusted */
    POPLIN_CLIENT_UNSAFE = 3,      /* would have sent a secret in clear */
    POPLIN_CLIENT_LOGIN = 4,       /* the server refused the credentials */
    POPLIN_CLIENT_BUSY = 5,        /* the server says: another time */
    POPLIN_CLIENT_REFUSED = 6,     /* -ERR to this command */
    POPLIN_CLIENT_PROTOCOL = 7,    /* what no POP3 server says */
    POPLIN_CLIENT_LOST = 8,        /* the connection was cut */
    POPLIN_CLIENT_TIMED_OUT = 9,
    POPLIN_CLIENT_LOCAL = 10,  /* no memory, no descriptor */
    POPLIN_CLIENT_USAGE = 11,  /* a call or a value that makes no sense; nothing was sent */
    POPLIN_CLIENT_STOPPED = 12 /* a callback asked for it */
};

enum poplin_client_tls {
    POPLIN_CLIENT_TLS_BY_URL = 0, /* pop3s:// is TLS at once, pop3:// is STLS, but on loopback */
    POPLIN_CLIENT_TLS_IMPLICIT = 1,
    POPLIN_CLIENT_TLS_STLS = 2,
    POPLIN_CLIENT_TLS_NONE = 3 /* in clear, passwords too, wherever the server is */
};

/* All may be zero but size. Copied. */
struct poplin_client_options {
    size_t size; /* sizeof(struct poplin_client_options) */
    enum poplin_client_tls tls;
    uint32_t timeout_ms;              /* of every step; 0: a minute */
    const char *ca_file;              /* authorities to believe instead of the system's */
    const unsigned char *fingerprint; /* 32 octets: SHA-256 of the server's certificate, which alone
                                         is believed then */
    const char *proxy;                /* host:port of a SOCKS5 proxy */
    const char *auth;                 /* the one way to log in: "PLAIN", "USER", … */
    const char *authzid;              /* act for this user (SASL) */
    void *context;
    /* Each line of the dialogue up to the login, secrets masked, and all commands after it. */
    void (*trace)(void *context, bool from_server, const char *line, size_t size);
};

/* NULL: no memory. */
POPLIN_API struct poplin_client *poplin_client_new(void);
/* Closes; without QUIT nothing is deleted. */
POPLIN_API void poplin_client_free(struct poplin_client *client);

/* pop3s://host[:port] or pop3://host[:port]: connected, TLS is up, capabilities are known. A client
 * whose session is over may connect anew. options may be NULL. */
POPLIN_API enum poplin_client_error
poplin_client_connect(struct poplin_client *client, const char *url,
                      const struct poplin_client_options *options);
/* By the best way that the server offers: SCRAM, PLAIN, LOGIN, USER and PASS. */
POPLIN_API enum poplin_client_error poplin_client_login(struct poplin_client *client,
                                                        const char *user, const char *password);
/* With an OAuth 2.0 access token: OAUTHBEARER or XOAUTH2. */
POPLIN_API enum poplin_client_error poplin_client_login_token(struct poplin_client *client,
                                                              const char *user, const char *token);

/* A callback gives 0 to go on, anything else to stop, which closes the session. Calls of
 * the same client from within it are refused as USAGE; it must not be freed there. */

/* CAPA, a line a call: "TOP", "SASL PLAIN LOGIN", … */
typedef int (*poplin_client_line_fn)(void *context, const char *line, size_t size);
POPLIN_API enum poplin_client_error poplin_client_capa(struct poplin_client *client,
                                                       poplin_client_line_fn line, void *context);

POPLIN_API enum poplin_client_error poplin_client_stat(struct poplin_client *client,
                                                       uint32_t *messages, uint64_t *octets);

/* LIST: number, from 1, and octets as the server counts them. Rows that make no sense (no number,
 * out of range, twice) are left out and counted. */
typedef int (*poplin_client_list_fn)(void *context, uint32_t number, uint64_t octets);
POPLIN_API enum poplin_client_error poplin_client_list(struct poplin_client *client,
                                                       poplin_client_list_fn row, void *context);
/* UIDL: number and unique-id, ended by NUL, the same in every session. */
typedef int (*poplin_client_uidl_fn)(void *context, uint32_t number, const char *uid);
POPLIN_API enum poplin_client_error poplin_client_uidl(struct poplin_client *client,
                                                       poplin_client_uidl_fn row, void *context);
/* Rows that the last of them left out. */
POPLIN_API uint32_t poplin_client_faulty_rows(const struct poplin_client *client);

/* RETR: the message in pieces, as it came: dots undone, line ends CRLF as a rule. Only when OK
 * comes back is it whole. */
typedef int (*poplin_client_data_fn)(void *context, const char *data, size_t size);
POPLIN_API enum poplin_client_error poplin_client_retr(struct poplin_client *client,
                                                       uint32_t number, poplin_client_data_fn data,
                                                       void *context);
/* TOP: its header and so many lines of its body. */
POPLIN_API enum poplin_client_error poplin_client_top(struct poplin_client *client, uint32_t number,
                                                      uint64_t lines, poplin_client_data_fn data,
                                                      void *context);
/* Marks for deletion, which QUIT does. */
POPLIN_API enum poplin_client_error poplin_client_dele(struct poplin_client *client,
                                                       uint32_t number);
/* Takes all marks back. */
POPLIN_API enum poplin_client_error poplin_client_rset(struct poplin_client *client);
POPLIN_API enum poplin_client_error poplin_client_noop(struct poplin_client *client);
/* OK: what was marked is deleted. The session is over either way. */
POPLIN_API enum poplin_client_error poplin_client_quit(struct poplin_client *client);

/* Of the last call. The text says what happened, where, and what to do next; printable; "" for OK.
 */
POPLIN_API enum poplin_client_error poplin_client_last_error(const struct poplin_client *client);
POPLIN_API const char *poplin_client_error_text(const struct poplin_client *client);
/* "login", "timeout", … Never NULL. */
POPLIN_API const char *poplin_client_error_name(enum poplin_client_error error);

/* A session is there. */
POPLIN_API bool poplin_client_is_open(const struct poplin_client *client);
/* "TLSv1.3", or "" without TLS; what logged in: "SCRAM-SHA-256", "USER"; the greeting's text. */
POPLIN_API const char *poplin_client_tls_version(const struct poplin_client *client);
POPLIN_API const char *poplin_client_mechanism(const struct poplin_client *client);
POPLIN_API const char *poplin_client_greeting(const struct poplin_client *client);

#ifdef __cplusplus
}
#endif

#endif
