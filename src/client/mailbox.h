/* mailbox: what was fetched, to be listed, found, read, flagged and removed: the model under
 * `poplin list`, `read`, `search` and the full-screen reader. It prints nothing.
 *
 * Numbers are the ids of the state's rows. What lies in an account's Maildir without a row there
 * (another program put it there, or the state was lost) gets a row of its own under a name that no
 * account can have, ":maildir PATH": it has a number that stays, and no server is ever asked for
 * it.
 *
 * For a Maildir the flags of its file names say what was read and flagged, whoever set them; the
 * state follows. For other targets only the state knows, and nothing can be read.
 *
 * The folders are believed to be as the index has them while their times and the state's last
 * number are the same (mailbox_sync). */
#ifndef POPLIN_CLIENT_MAILBOX_H
#define POPLIN_CLIENT_MAILBOX_H

#include "client/account.h"
#include "client/mailbox_query.h"
#include "client/maildir_names.h"
#include "client/state.h"

struct mailbox;

struct mailbox_entry {
    int64_t id;
    const struct account *account; /* of a Maildir's own: the first account that has it */
    bool is_local;                 /* no server knows it */
    bool is_here;                  /* in a Maildir; else its header is not known */
    enum state_stage stage;
    struct slice uidl;
    int64_t fetched;
    uint64_t octets;
    bool read, flagged, answered, has_attachment;
    bool has_date;
    int64_t date;
    enum maildir_folder folder;
    struct slice file, suffix; /* base name, and ":2,FLAGS" */
    struct slice author, subject;
    struct slice senders, recipients, message_id, references;
};

/* `directory` is the state's. The state and the accounts must outlive the mailbox. */
enum status mailbox_open(const char *directory, struct state *state,
                         const struct account_set *accounts, struct mailbox **out, char why[200]);
void mailbox_close(struct mailbox *m);
const char *mailbox_error(const struct mailbox *m); /* of the last failure, for a person */

/* Looks at the folders that may have changed; reads the headers of what is new there. A Maildir
 * that does not exist is empty. Called again it costs two looks at each folder. */
enum status mailbox_sync(struct mailbox *m);
/* Also reads bodies, so that words in them are found: of at most `limit` messages, newest first,
 * for at most `milliseconds` (0: no limits). *left: how many are still to be done. */
enum status mailbox_fill(struct mailbox *m, uint64_t limit, uint64_t milliseconds, uint64_t *left);

/* Calls visit with what the query asks for, by number; slices live during the call. False ends it.
 * visit may not call this mailbox. */
enum status mailbox_each(struct mailbox *m, const struct mailbox_query *query,
                         bool (*visit)(void *context, const struct mailbox_entry *e),
                         void *context);
/* NOT_FOUND: no such message. Slices live until the next call. */
enum status mailbox_get(struct mailbox *m, int64_t id, struct mailbox_entry *out);
/* The newest with that Message-ID, without its angle brackets. */
enum status mailbox_find_id(struct mailbox *m, struct slice message_id, int64_t *id);

/* Opens the message for reading wherever it lies now. NOT_FOUND: it is gone; UNSUPPORTED: its
 * target cannot be read from. */
enum status mailbox_open_file(struct mailbox *m, int64_t id, int *file);
/* The path of an entry's file as far as it is known; false: it has none. */
bool mailbox_path(const struct mailbox_entry *e, char out[LIMIT_PATH]);

/* Sets and clears flags (bits of maildir_names.h) in the Maildir and in the state. NOT_FOUND: it is
 * gone. */
enum status mailbox_flag(struct mailbox *m, int64_t id, unsigned set, unsigned clear);
/* The same for a file of any Maildir, by its base name. */
enum status mailbox_flag_file(const char *maildir, struct slice base, unsigned set);

/* Removes the message here. It is not fetched again. `on_server`: the next fetch removes it there,
 * whatever the account keeps; UNSUPPORTED: no server has it. NOT_FOUND: no such message. */
enum status mailbox_delete(struct mailbox *m, int64_t id, bool on_server);

#endif
