/* deliver_name: the base names of delivered messages, and which of them are ours. */
#ifndef POPLIN_CLIENT_DELIVER_NAME_H
#define POPLIN_CLIENT_DELIVER_NAME_H

#include "base/slice.h"
#include "base/status.h"

#include <sys/types.h>

enum { DELIVER_NAME_HOST = 64, DELIVER_NAME_RANDOM = 8 };

/* What all names of one delivery have in common. */
struct deliver_naming {
    pid_t process;
    unsigned char random[DELIVER_NAME_RANDOM];
    char host[DELIVER_NAME_HOST + 1];
};

/* TEMPORARY: no random numbers. */
enum status deliver_name_begin(struct deliver_naming *n);

/* True: the octets can be a Maildir base name: no `/`, no `:`, no NUL, no leading dot, 1 to 255. */
bool deliver_name_is_base(struct slice name);
/* True: deliver_name of this program made it. */
bool deliver_name_is_ours(struct slice name);

#endif
