/* account: where mail is fetched from, how, and where it goes: the collector's configuration.
 *
 * The file has poplind.conf's grammar (config_token.h): first line `config 1`, then `account NAME
 * { … }` blocks and one `defaults { … }` block. It may hold commands that print passwords, so it
 * must be a regular file of ours that nobody else can write, mode 0600 (or 0400). Every error of a
 * file is told at once, as file:line:column with the next step. Read-only once parsed. */
#ifndef POPLIN_CLIENT_ACCOUNT_H
#define POPLIN_CLIENT_ACCOUNT_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"
#include "config/config.h"

enum account_tls {
    ACCOUNT_TLS_IMPLICIT, /* pop3s:// */
    ACCOUNT_TLS_STLS,     /* pop3://; strict: never goes on in clear */
    ACCOUNT_TLS_NONE,     /* pop3:// on loopback, or `tls none` */
};

enum account_secret {
    ACCOUNT_SECRET_ASK,     /* on the terminal */
    ACCOUNT_SECRET_EVAL,    /* the first line that a command prints */
    ACCOUNT_SECRET_FILE,    /* the first line of a file */
    ACCOUNT_SECRET_KEYRING, /* of the desktop, when built in */
};

enum account_target {
    ACCOUNT_TARGET_NONE, /* nothing was said: fetch refuses, one-off commands do not care */
    ACCOUNT_TARGET_MAILDIR,
    ACCOUNT_TARGET_MBOX,
    ACCOUNT_TARGET_PIPE,
    ACCOUNT_TARGET_LMTP,
    ACCOUNT_TARGET_STDOUT,
};

enum account_keep { ACCOUNT_KEEP_FOREVER, ACCOUNT_KEEP_NONE, ACCOUNT_KEEP_AGE };

enum { ACCOUNT_ARGUMENTS_MAX = 32, ACCOUNT_NAME_MAX = 64 };

/* Strings are NUL-ended and the set's; NULL where optional and not said. Times are milliseconds. */
struct account {
    char *name; /* 1 to ACCOUNT_NAME_MAX of letters, digits, `-`, `_`, `.`; no leading dot */
    char *host; /* a name or an address without brackets */
    uint16_t port;
    enum account_tls tls;
    bool plain_allowed; /* `tls none` was said: clear text off loopback, too */
    char *user;
    enum account_secret secret;
    char *secret_text; /* the command, or the path */
    char *token_eval;  /* a command that prints an OAuth access token */
    char *auth;        /* the one mechanism to use, upper case: SCRAM-SHA-256, USER, APOP, … */
    char *authzid;
    char *ca_file;
    bool has_fingerprint;
    unsigned char fingerprint[32]; /* SHA-256 of the server's certificate, DER */
    char *proxy;                   /* host:port of a SOCKS5 proxy */
    enum account_target target;
    char *arguments[ACCOUNT_ARGUMENTS_MAX + 1]; /* of the target: path; or command and arguments;
                                                   NULL-ended; ~ is expanded */
    enum account_keep keep;
    uint64_t keep_age;
    uint64_t timeout;     /* of a step; 60 s */
    uint64_t run_timeout; /* of a whole run; 0: none */
    uint32_t pipeline;    /* commands in flight; 64; 1: none */
    bool pipeline_forced; /* even for a server that does not announce PIPELINING */
    bool add_received, add_delivered_to;
    bool dedupe_content;
};

struct account_set {
    struct account *list;
    size_t count;
};

/* Parses and checks all. MALFORMED: the errors say what and where. NOT_FOUND: no such file; DENIED:
 * others may read or write it; IO. On any failure `errors` has at least one line for a person. */
enum status account_set_read(const char *path, struct account_set *out,
                             struct config_errors *errors);
enum status account_set_parse(const char *file, struct slice text, struct account_set *out,
                              struct config_errors *errors);
void account_set_wipe(struct account_set *s);
const struct account *account_find(const struct account_set *s, const char *name);

/* One account out of a URL for one-off commands: pop3s://[user@]host[:port]. MALFORMED with `why`.
 */
enum status account_from_url(const char *url, struct account *out, char why[200]);
void account_wipe(struct account *a);

/* ~/.config/poplin/config by the XDG rules, ~/.local/state/poplin. false: no home. */
bool account_default_path(char path[LIMIT_PATH]);
bool account_state_directory(char path[LIMIT_PATH]);

/* The password or token, into memory that the caller wipes: at most `size` octets, without the line
 * end. May run a command (no shell for `token_eval` and `passwordeval`: `/bin/sh -c` is what
 * people expect, so it is used, with the config file's trust) or ask on the terminal.
 * UNSUPPORTED: no keyring built in, no terminal to ask on. `why`: what to do. */
enum status account_password(const struct account *a, char *out, size_t size, char why[200]);
enum status account_token(const struct account *a, char *out, size_t size, char why[200]);

#endif
