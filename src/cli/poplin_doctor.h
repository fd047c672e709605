/* poplin_doctor: the checks of `poplin doctor`. Each says one line or several, with the next step
 * where something is wrong; for poplin_doctor*.c only. */
#ifndef POPLIN_CLI_POPLIN_DOCTOR_H
#define POPLIN_CLI_POPLIN_DOCTOR_H

#include "client/account.h"
#include "client/failure.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

struct doctor {
    const struct account *account;
    bool is_named; /* of the configuration: it has a target and a state */
    bool json, verbose;
    bool has_secret;
    char password[1024], token[8192];
    unsigned warnings, faults;
};

/* One finding about `what`; `next` is what to do, NULL where there is nothing. The text is printed
 * through the escaper. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *next,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The names' addresses, and a connection over each family. False: there is no way to the server. */
bool doctor_network(struct doctor *d);
/* Two sessions: certificate, clock, capabilities, login, UIDLs, pipelining. */
void doctor_sessions(struct doctor *d);
/* The target's folder and the state's database. */
void doctor_local(struct doctor *d);

#endif
