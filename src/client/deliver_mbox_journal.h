/* deliver_mbox_journal: what makes a group of messages in an mbox appear once, though an mbox has
 * no names. It stands beside the mail file as .FILE.poplin-ACCOUNT and holds a group whole, before
 * the mail file gets any of it, with the names under which the state knows its messages:
 *
 *   128 octets: `poplin-mbox 1 PHASE END START SIZE NAMES`, numbers of 20 digits, LF
 *   two LF (to begin a line and leave an empty one behind a mail file that ends without), the group
 *   the names, a line each
 *
 * PHASE is P (pending: the mail file ended at END when the group's octets began to be written
 * behind it) or D (done: they are there, synced). A run that finds P compares: all of it is there,
 * or a part, which it cuts off, or something else, which it leaves alone. The journal stays, empty
 * but for the names, until the next group replaces it: the state may not know of the last. */
#ifndef POPLIN_CLIENT_DELIVER_MBOX_JOURNAL_H
#define POPLIN_CLIENT_DELIVER_MBOX_JOURNAL_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"

enum { JOURNAL_HEADER = 128, JOURNAL_LEAD = 2, JOURNAL_NAMES_MOST = 64 * 1024 * 1024 };

struct journal_header {
    char phase;
    uint64_t end;   /* of the mail file before */
    uint64_t start; /* of what is written behind it, in the journal */
    uint64_t size;  /* of the same */
    uint64_t names; /* octets of the names behind it */
};

bool journal_write_header(int file, const struct journal_header *h);
/* False: not a header of ours, or one that contradicts the file's size. */
bool journal_read_header(int file, struct journal_header *out);

/* The names, on the heap; NULL: not readable. */
char *journal_read_names(int file, const struct journal_header *h);

enum journal_found { JOURNAL_WHOLE, JOURNAL_PART, JOURNAL_OTHER, JOURNAL_UNREADABLE };
/* What of a pending group the mail file holds. memory: room for comparing. */
enum journal_found journal_compare(int file, const struct journal_header *h, int mail, char *memory,
                                   size_t room);
/* Writes the group behind the mail file's end; false with errno. */
bool journal_copy(int file, const struct journal_header *h, int mail, char *memory, size_t room);
/* Marks it done; frees what only a pending one needs. Failure is harmless: it stays pending. */
void journal_mark_done(int file, struct journal_header *h);

#endif
