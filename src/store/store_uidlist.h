/* store_uidlist: the UIDLs that an earlier server gave (`uidl keep`), from the lists that it left
 * in the Maildir or from the messages themselves. Read only; never believed further than the
 * grammar of a unique-id. */
#ifndef POPLIN_STORE_STORE_UIDLIST_H
#define POPLIN_STORE_STORE_UIDLIST_H

#include "store/store_maildir.h"

/* The value of the X-UIDL header in the first octets of a message; size 0: none that is a valid
 * unique-id. */
struct slice store_uidl_from_header(struct slice start);

/* Sets `kept` and `rank` of every file that a list in the Maildir names. TEMPORARY: a list is
 * there and cannot be read, so that the UIDLs are not known now. */
enum status store_uidlist_apply(struct maildir_scan *scan, const struct store_observer *observer,
                                int directory, const char *path);

#endif
