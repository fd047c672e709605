/* dovecot-uidlist.
 *
 *   version 1   "1 UIDVALIDITY NEXTUID", then lines "UID FILENAME"
 *   version 3   "3 V<uidvalidity> N<nextuid> G<guid> …", then lines "UID [X<value> …] :FILENAME"
 *
 * The UIDL is UID and UIDVALIDITY as eight lower-case hexadecimal digits each, unless the line has
 * P<uidl>; an empty P says that it is the file name. O<number> puts a message before all that have
 * none; otherwise the order is that of the UIDs. */
#include "store/store_uidlist.h"

#include <stdio.h>

static bool parse_u32(struct slice s, uint32_t *out)
{
    uint64_t n;
    if (!slice_parse_u64(s, &n) || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool find_validity(struct slice header, uint32_t *validity)
{
    while (header.size) {
        struct slice word = store_uidlist_word(&header);
        if (word.size && word.data[0] == 'V')
            return parse_u32(slice_skip(word, 1), validity);
    }
    return false;
}

bool store_uidlist_dovecot_start(struct store_uidlist *l, struct slice file)
{
    struct slice header;
    *l = (struct store_uidlist){.text = file};
    if (!store_uidlist_line(&l->text, &header))
        return false;
    struct slice version = store_uidlist_word(&header);
    if (slice_equal(version, SLICE("1"))) {
        l->version = 1;
        return parse_u32(store_uidlist_word(&header), &l->validity);
    }
    l->version = 3;
    return slice_equal(version, SLICE("3")) && find_validity(header, &l->validity);
}

/* What stands between the UID and the name in version 3. */
struct extensions {
    struct slice uidl;
    bool has_uidl;
    uint32_t order;
    bool has_order;
};

static bool take_extensions(struct slice *line, struct extensions *e)
{
    *e = (struct extensions){0};
    while (line->size && line->data[0] != ':') {
        struct slice word = store_uidlist_word(line);
        if (word.size == 0)
            continue;
        struct slice value = slice_skip(word, 1);
        if (word.data[0] == 'P') {
            e->uidl = value;
            e->has_uidl = true;
        } else if (word.data[0] == 'O') {
            e->has_order = parse_u32(value, &e->order);
        }
    }
    if (line->size == 0)
        return false;
    *line = slice_skip(*line, 1);
    return true;
}

static void set_uidl(struct store_uidlist_entry *out, uint32_t uid, uint32_t validity,
                     const struct extensions *e)
{
    char text[17];
    struct slice uidl = e->uidl.size ? e->uidl : out->base;
    if (!e->has_uidl) {
        snprintf(text, sizeof text, "%08x%08x", uid, validity);
        uidl = slice_of(text, 16);
    }
    out->uidl_size = uidl.size <= sizeof out->uidl ? uidl.size : 0;
    memcpy(out->uidl, uidl.data, out->uidl_size);
}

static bool parse_line(const struct store_uidlist *l, struct slice line,
                       struct store_uidlist_entry *out)
{
    uint32_t uid;
    struct extensions e = {0};
    if (!parse_u32(store_uidlist_word(&line), &uid) || uid == 0)
        return false;
    if (l->version == 3 && !take_extensions(&line, &e))
        return false;
    out->base = slice_take(line, slice_find(line, ':'));
    if (out->base.size == 0)
        return false;
    out->rank = e.has_order ? e.order : ((uint64_t)1 << 32) + uid;
    set_uidl(out, uid, l->validity, &e);
    return true;
}

bool store_uidlist_dovecot_next(struct store_uidlist *l, struct store_uidlist_entry *out)
{
    struct slice line;
    while (store_uidlist_line(&l->text, &line)) {
        l->line++;
        if (parse_line(l, line, out))
            return true;
        l->odd++;
    }
    return false;
}
