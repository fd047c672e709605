/* auth_users_file: editing a user file so that nobody ever sees half of it.
 *
 * Open locks (a lock file beside, `FILE.lock`, which stays) and reads; edits change the text in
 * memory, everything else in it stays octet for octet; save writes a temporary file in the same
 * folder with the same owner and mode, syncs it, and renames it over the old one. A symbolic link
 * stays and what it points to is edited. */
#ifndef POPLIN_AUTH_AUTH_USERS_FILE_H
#define POPLIN_AUTH_AUTH_USERS_FILE_H

#include "base/slice.h"
#include "base/status.h"

enum auth_users_mode {
    AUTH_USERS_READ,   /* no lock, no save */
    AUTH_USERS_EDIT,   /* the file must be there */
    AUTH_USERS_CREATE, /* a new file is readable by its owner alone */
};

struct auth_users_file;

/* Waits for the lock. On failure `why` tells cause and file. */
enum status auth_users_open(const char *path, enum auth_users_mode mode,
                            struct auth_users_file **out, char why[200]);
void auth_users_close(struct auth_users_file *f); /* what was not saved is lost */

/* Whether a user of that name may stand in a user file: config_user_is_safe, no colon, no `#` in
 * front. */
bool auth_users_name_is_good(struct slice name);

/* Names are good ones. `secret` is what auth_hash_make gives. EXISTS, NOT_FOUND, NO_MEMORY. */
enum status auth_users_add(struct auth_users_file *f, struct slice name, struct slice secret);
enum status auth_users_set_secret(struct auth_users_file *f, struct slice name,
                                  struct slice secret);
enum status auth_users_remove(struct auth_users_file *f, struct slice name);

/* The text as it is now; lives until the next edit. */
struct slice auth_users_text(const struct auth_users_file *f);

/* MALFORMED: the text is not one that the server would take (why has the line), nothing written. */
enum status auth_users_save(struct auth_users_file *f, char why[200]);

#endif
