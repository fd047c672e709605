/* Any octets as another server's list or as a message with an X-UIDL header: every line is read or
 * passed over, and what comes out lies within bounds. */
#include "store/store_uidl.h"
#include "store/store_uidlist.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void read_list(struct slice file, bool (*start)(struct store_uidlist *, struct slice),
                      bool (*next)(struct store_uidlist *, struct store_uidlist_entry *))
{
    struct store_uidlist l;
    struct store_uidlist_entry e;
    if (!start(&l, file))
        return;
    while (next(&l, &e)) {
        must(e.base.size > 0 && e.uidl_size <= LIMIT_UIDL);
        must(e.base.data >= file.data && e.base.data + e.base.size <= file.data + file.size);
        must(!memchr(e.base.data, ':', e.base.size));
    }
    must(l.odd <= l.line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice file = slice_of(data, size);
    read_list(file, store_uidlist_dovecot_start, store_uidlist_dovecot_next);
    read_list(file, store_uidlist_courier_start, store_uidlist_courier_next);
    struct slice uidl = store_uidl_from_header(file);
    must(uidl.size == 0 || store_uidl_is_valid(uidl));
    return 0;
}
