/* account_probe: one session with an account's server to learn what it is, in a loop of its own:
 * for `poplin account test` and `info`, and for `poplin init`. No message is listed, fetched or
 * deleted. */
#ifndef POPLIN_CLIENT_ACCOUNT_PROBE_H
#define POPLIN_CLIENT_ACCOUNT_PROBE_H

#include "client/account.h"
#include "client/failure.h"
#include "pop3/pop3_capabilities.h"

enum { ACCOUNT_PROBE_TEXT = 1024, ACCOUNT_PROBE_ROWS = 64 };

struct account_probe_options {
    const struct account *account;
    struct slice password, token; /* the caller's */
    bool login;                   /* else: before any login */
    bool insecure; /* goes on with a certificate that is not to be trusted, and notes what is wrong;
                      only without login */
};

/* Texts are printable. */
struct account_probe {
    struct failure failure; /* kind NONE: all went well */
    bool is_ready;          /* it came as far as was asked for */
    uint64_t connect_time;  /* ms until then */
    uint64_t round_trip;    /* ms of one command */
    char greeting[ACCOUNT_PROBE_TEXT];
    char tls_version[32]; /* "": none */
    char certificate[ACCOUNT_PROBE_TEXT];
    char problem[ACCOUNT_PROBE_TEXT]; /* of the certificate; "": none */
    bool has_fingerprint;
    unsigned char fingerprint[32];
    char mechanism[64]; /* that logged in */
    uint32_t count;     /* messages there, after a login */
    uint64_t octets;
    struct pop3_capabilities capabilities;
    uint32_t window;                    /* commands that would be in flight */
    char rows[ACCOUNT_PROBE_ROWS][128]; /* CAPA as it came; an empty one ends them */
    unsigned row_count;
};

/* NO_MEMORY, IO: the probe could not be made at all; otherwise what came of it is in *out. */
enum status account_probe_run(const struct account_probe_options *options,
                              struct account_probe *out);

#endif
