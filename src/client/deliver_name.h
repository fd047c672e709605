/* deliver_name: the base names of delivered messages, and which of them are ours. */
#ifndef POPLIN_CLIENT_DELIVER_NAME_H
#define POPLIN_CLIENT_DELIVER_NAME_H

#include "base/slice.h"

/* True: the octets can be a Maildir base name: no `/`, no `:`, no NUL, no leading dot, 1 to 255. */
bool deliver_name_is_base(struct slice name);
/* True: deliver_name of this program made it. */
bool deliver_name_is_ours(struct slice name);

#endif
