/* auth_driver: where users come from. A driver finds a user's record and nothing more: proving,
 * caching, delays and limits are the same for all of them.
 *
 * A database that cannot answer at once will be spoken to by a process of its own; its driver says
 * AGAIN and tells later. A mechanism that needs a stored verifier instead of a check takes it from
 * the record's secret. */
#ifndef POPLIN_AUTH_AUTH_DRIVER_H
#define POPLIN_AUTH_AUTH_DRIVER_H

#include "auth/auth.h"
#include "auth/auth_hash.h"

struct auth_record {
    struct slice name;
    struct slice secret; /* with its {SCHEME} */
    struct auth_hash hash;
    struct slice home;  /* empty: none */
    struct slice extra; /* key=value, blanks between them; what is not known is left alone */
    uint32_t uid, gid;  /* UINT32_MAX: not given */
};

struct auth_driver {
    const struct auth_driver_class *class;
};

struct auth_driver_class {
    const char *name;
    /* OK and a record that lives as long as the driver, NOT_FOUND, TEMPORARY or PERMANENT (of the
     * database itself). The name has passed config_user_is_safe. */
    enum status (*find)(const struct auth_driver *d, struct slice user, struct auth_record *out);
    /* A record of somebody, always the same for one seed: an unknown user is proved against it, in
     * vain, and so costs what a known one costs, whatever schemes the database mixes. False: there
     * are no users. */
    bool (*decoy)(const struct auth_driver *d, uint64_t seed, struct auth_record *out);
    void (*free)(struct auth_driver *d);
};

/* From a passwd-file's text, which is copied. MALFORMED: `why` has line number and cause. */
enum status auth_passwd_file_new(struct slice text, struct auth_driver **out, char why[200]);
size_t auth_passwd_file_count(const struct auth_driver *d);
/* The records in the order of their lines, from 0; false: no more. */
bool auth_passwd_file_at(const struct auth_driver *d, size_t number, struct auth_record *out);

/* From an array that outlives the driver; for tests. */
struct auth_static_user {
    const char *name, *secret;
};
enum status auth_static_new(const struct auth_static_user *users, size_t count,
                            struct auth_driver **out);

/* Takes the driver over, in place of the one there was; the cache is emptied. */
void auth_set_driver(struct auth *a, struct auth_driver *d);

#endif
