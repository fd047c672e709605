/* listing: what STAT, LIST and UIDL said, joined by message number; kept within LISTING_MEMORY
 * whatever a server sends (A49). Rows that make no sense are counted and left out (C06). */
#ifndef POPLIN_CLIENT_LISTING_H
#define POPLIN_CLIENT_LISTING_H

#include "client/plan.h"
#include "pop3/pop3_client.h"

enum { LISTING_MEMORY = 12 * 1024 * 1024 };

struct listing {
    bool has_stat, has_uidl;
    uint32_t count;       /* STAT's messages */
    uint64_t octets;      /* STAT's octets */
    uint32_t faulty_rows; /* zero, out of range, twice, malformed */
    uint32_t size;        /* entries: the largest number seen */
    unsigned empty;       /* of LIST and UIDL, those that had no row */
    uint32_t capacity;
    struct listing_entry *entries; /* of message i + 1 */
    char *names;                   /* UIDLs, one behind the other */
    size_t names_size, names_capacity;
};

void listing_init(struct listing *l);
void listing_wipe(struct listing *l);

/* False: no listing of so many could be held, so that STAT is a lie or the mailbox is not for us.
 */
bool listing_has_room(uint32_t count);
void listing_stat(struct listing *l, const struct pop3_stat *stat);
/* A row of LIST or UIDL. TOO_LARGE: more than memory allows; NO_MEMORY. */
enum status listing_add(struct listing *l, bool is_uidl, const struct pop3_row *row,
                        enum pop3_fault fault);
/* LIST or UIDL was answered +OK and has ended. */
void listing_end(struct listing *l, uint64_t rows);
/* True: STAT counts messages, and neither LIST nor UIDL, both answered +OK, names one. */
bool listing_contradicts_itself(const struct listing *l);
/* As plan wants them, in order, malloc'd; UIDLs borrowed from the listing. Numbers that neither
 * LIST nor UIDL named, but STAT counted, are there too. */
enum status listing_messages(const struct listing *l, struct plan_message **out, size_t *count);

#endif
