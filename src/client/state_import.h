/* state_import: what another collector noted of the messages that it had seen, so that a change to
 * this one downloads nothing twice. Parsing is pure; the file is read by the caller.
 *
 *   fetchmail    USER@HOST UIDL, a line each
 *   getmail      UIDL NUL seconds, a line each; a file has one account, its name says which. A `/`
 *                of a UIDL was written as `-`
 *   mpop         " COUNT HOST USER", then the UIDLs of that account, a line each
 *   thunderbird  "*HOST USER", then "FLAG UIDL seconds" for each: flags k and d were fetched, b and
 *                f only in part */
#ifndef POPLIN_CLIENT_STATE_IMPORT_H
#define POPLIN_CLIENT_STATE_IMPORT_H

#include "client/account.h"
#include "client/state.h"

enum state_import_format {
    STATE_IMPORT_FETCHMAIL,
    STATE_IMPORT_GETMAIL,
    STATE_IMPORT_MPOP,
    STATE_IMPORT_THUNDERBIRD,
    STATE_IMPORT_FORMATS
};

enum { STATE_IMPORT_UIDL = 1000, STATE_IMPORT_FILE = 256 * 1024 * 1024 };

/* Slices of the text. */
struct state_import_entry {
    struct slice host, user; /* empty: the file does not say */
    struct slice uidl;       /* 1 to STATE_IMPORT_UIDL octets, without blanks and controls */
    int64_t fetched;         /* 0: the file does not say */
};

struct state_import_reader {
    enum state_import_format format;
    struct slice rest, host, user;
    size_t line; /* the running one, from 1 */
};

bool state_import_find_format(const char *name, enum state_import_format *out);
const char *state_import_format_name(enum state_import_format format);

void state_import_init(struct state_import_reader *r, enum state_import_format format,
                       struct slice text);
/* OK: one entry; CLOSED: the end; MALFORMED: r->line is none of this format. */
enum status state_import_next(struct state_import_reader *r, struct state_import_entry *out);

/* Whether the entry is the account's: `owner` ("USER@HOST") instead of the account's own names;
 * NULL: those. */
bool state_import_is_of(const struct state_import_entry *e, const struct account *a,
                        const char *owner);

/* Notes the message as delivered and read, elsewhere: it has no file, so it is neither fetched nor
 * ever deleted by this program. EXISTS: the state knows it; nothing is changed. Within a
 * transaction of the caller's. */
enum status state_import_put(struct state *s, const char *account, enum state_import_format format,
                             const struct state_import_entry *e, int64_t now);

#endif
