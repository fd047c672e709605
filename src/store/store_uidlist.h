/* store_uidlist: the UIDLs that an earlier server gave (`uidl keep`), from the lists that it left
 * in the Maildir or from the messages themselves. Everything here only reads, and nothing is
 * believed further than the grammar of a unique-id. */
#ifndef POPLIN_STORE_STORE_UIDLIST_H
#define POPLIN_STORE_STORE_UIDLIST_H

#include "store/store_maildir.h"

/* The value of the X-UIDL header in the first octets of a message; size 0: none that is a valid
 * unique-id. */
struct slice store_uidl_from_header(struct slice start);

/* Sets `kept` and `rank` of every file that a list in the Maildir names: Dovecot's first, then
 * Courier's for what that does not name. TEMPORARY: a list is there and cannot be read, so that
 * the UIDLs are not known now. */
enum status store_uidlist_apply(struct maildir_scan *scan, const struct store_observer *observer,
                                int directory, const char *path);

/* One line of a list. */
struct store_uidlist_entry {
    struct slice base; /* of the file's name */
    uint64_t rank;     /* place in that server's order */
    size_t uidl_size;  /* 0: of no use */
    char uidl[LIMIT_UIDL];
};

/* The next line of *text that names a message, of a list whose header was read; false: no more. A
 * line that does not fit is passed over and counted in `odd`. */
struct store_uidlist {
    struct slice text; /* what is left */
    unsigned version;
    uint32_t validity; /* Dovecot: UIDVALIDITY */
    uint64_t line;     /* number of entries so far */
    unsigned odd;
};

/* False: not a list of a known version. */
bool store_uidlist_dovecot_start(struct store_uidlist *l, struct slice file);
bool store_uidlist_dovecot_next(struct store_uidlist *l, struct store_uidlist_entry *out);

bool store_uidlist_courier_start(struct store_uidlist *l, struct slice file);
bool store_uidlist_courier_next(struct store_uidlist *l, struct store_uidlist_entry *out);

/* Takes a line, without its LF, from the front of *text; false when no whole line is left. */
bool store_uidlist_line(struct slice *text, struct slice *line);

/* Takes the octets up to the next blank from the front of *line. */
struct slice store_uidlist_word(struct slice *line);

#endif
