/* Any octets as an index, with the checksum they would need: what is believed can be written again
 * and holds nothing that must not be in a listing. */
#include "store/store_index.h"
#include "store/store_uidl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void check(const struct maildir_snapshot *s)
{
    const struct store_row *rows = store_listing_rows(s->listing);
    for (uint32_t i = 0; i < maildir_snapshot_count(s); i++) {
        const struct maildir_message *m = &s->messages[i];
        must(store_uidl_is_valid(store_uidl_get(&rows[i])));
        must(m->folder < MAILDIR_FOLDERS && m->base_size <= m->name_size);
        must(m->name[0] != '.' && !memchr(m->name, '/', m->name_size));
        must(m->name[m->name_size] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *cause;
    char *file = malloc(size ? size : 1);
    memcpy(file, data, size);
    store_index_sign(file, size);
    struct maildir_snapshot *s = store_index_decode_octets(slice_of(file, size), &cause);
    free(file);
    must((s == NULL) == (cause != NULL));
    if (!s)
        return 0;
    check(s);
    size_t again;
    char *encoded = store_index_encode(s, &again);
    must(encoded != NULL);
    free(encoded);
    maildir_snapshot_unref(s);
    return 0;
}
