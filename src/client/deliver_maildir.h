/* deliver_maildir: a Maildir as a target. A message is written to tmp/ under the name that it will
 * have; a group is synced file by file, moved into new/, and new/ is synced once. */
#ifndef POPLIN_CLIENT_DELIVER_MAILDIR_H
#define POPLIN_CLIENT_DELIVER_MAILDIR_H

#include "client/deliver_driver.h"

struct maildir_waiting {
    int file; /* -1: it was synced and closed already */
    char name[STATE_FILE_NAME + 1];
};

struct maildir_target {
    struct delivery delivery;
    int folder, tmp, new, cur;
    int file; /* the running message; -1: none */
    char name[STATE_FILE_NAME + 1];
    struct maildir_waiting *waiting;
    size_t count, capacity, open_count;
    bool together;       /* a group may be synced by one syncfs */
    bool needs_together; /* and must be: some of its files are closed, and not synced */
};

enum status maildir_target_open(const struct account *a, struct delivery **out,
                                char why[DELIVER_WHY]);
bool maildir_target_syncs_together(int folder);
bool maildir_target_has(struct delivery *d, struct slice file);
enum status maildir_target_scan(struct delivery *d,
                                bool (*visit)(void *context, struct slice file,
                                              const unsigned char header_hash[STATE_HASH],
                                              uint64_t octets, bool read),
                                void *context);

#endif
