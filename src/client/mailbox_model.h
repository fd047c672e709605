/* mailbox_model: what the files of mailbox.h share. */
#ifndef POPLIN_CLIENT_MAILBOX_MODEL_H
#define POPLIN_CLIENT_MAILBOX_MODEL_H

#include "client/mailbox.h"
#include "client/mailbox_index.h"

/* A Maildir of one or several accounts. */
struct mailbox_box {
    const char *path;
    const struct account *account; /* the first that has it */
    char *local;                   /* the name of its own rows in the state */
    bool is_changed;               /* while it is looked at */
    struct maildir_names names;
};

struct mailbox {
    char directory[LIMIT_PATH];
    struct state *state;
    const struct account_set *accounts;
    struct mailbox_index *index;
    struct mailbox_box *boxes;
    size_t box_count;
    void *memory; /* MAILBOX_ARENA octets, for reading one message at a time */
    char *kept;   /* what mailbox_get's slices point to */
    size_t kept_size;
    char error[240];
};

enum status mailbox_failed(struct mailbox *m, enum status s, const char *what);

/* The box of an account's name in the state, a Maildir's own rows included; NULL: it has none, or
 * the configuration does not know it. *account is set where it is known. */
struct mailbox_box *mailbox_box_of(struct mailbox *m, struct slice name,
                                   const struct account **account, bool *is_local);

/* Opens BASE's file as the name says; -1 with errno. */
int mailbox_open_at(const char *path, enum maildir_folder folder, struct slice file,
                    struct slice suffix);
/* Looks for a base name in a Maildir now: NOT_FOUND. `name` has room for 256 octets. */
enum status mailbox_look(const char *path, struct slice file, enum maildir_folder *folder,
                         char name[256]);

#endif
