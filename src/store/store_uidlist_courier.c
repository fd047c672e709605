/* courierpop3dsizelist.
 *
 *   "/VERSION NEXTUID UIDVALIDITY", then lines "FILENAME SIZE UID:UIDVALIDITY" (version 2), with
 *   ":UTF8" behind it (version 3), or without UIDVALIDITY (version 1)
 *
 * The UIDL is "UID<uid>-<uidvalidity>", "UID<uid>" where UIDVALIDITY is 0 or missing. UID 0 marks a
 * message that was there before UIDs were: its UIDL is the file name, with "+" and two upper-case
 * hexadecimal digits for what does not fit a UIDL and for ' " and +. The order is the list's. */
#include "store/store_uidlist.h"

#include "store/store_uidl.h"

#include "base/buf.h"

bool store_uidlist_courier_start(struct store_uidlist *l, struct slice file)
{
    struct slice header;
    uint64_t version;
    *l = (struct store_uidlist){.text = file};
    if (!store_uidlist_line(&l->text, &header) || header.size == 0 || header.data[0] != '/')
        return false;
    header = slice_skip(header, 1);
    if (!slice_parse_u64(store_uidlist_word(&header), &version) || version < 1 || version > 3)
        return false;
    l->version = (unsigned)version;
    return true;
}

static void name_as_uidl(struct buf *out, struct slice base)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < base.size; i++) {
        unsigned char c = (unsigned char)base.data[i];
        bool plain = c >= 0x21 && c <= 0x7e && c != '\'' && c != '"' && c != '+';
        if (plain) {
            buf_put_char(out, (char)c);
            continue;
        }
        buf_put_char(out, '+');
        buf_put_char(out, digits[c >> 4]);
        buf_put_char(out, digits[c & 15]);
    }
}

static void set_uidl(struct store_uidlist_entry *out, uint64_t uid, uint64_t validity)
{
    struct buf b = buf_over(out->uidl, sizeof out->uidl);
    if (uid == 0) {
        name_as_uidl(&b, out->base);
    } else {
        buf_put_str(&b, "UID");
        buf_put_u64(&b, uid);
        if (validity) {
            buf_put_char(&b, '-');
            buf_put_u64(&b, validity);
        }
    }
    out->uidl_size = b.overflow ? 0 : b.size;
}

/* The last word of the line, which is cut off. */
static struct slice last_word(struct slice *line)
{
    size_t at = line->size;
    while (at > 0 && line->data[at - 1] != ' ')
        at--;
    struct slice word = slice_skip(*line, at);
    line->size = at > 0 ? at - 1 : 0;
    return word;
}

static bool take_field(struct slice *ids, uint64_t *out)
{
    size_t at = slice_find(*ids, ':');
    bool is_number = slice_parse_u64(slice_take(*ids, at), out);
    *ids = slice_skip(*ids, at < ids->size ? at + 1 : at);
    return is_number;
}

/* From the end: the file name may have blanks in it. */
static bool parse_line(struct slice line, struct store_uidlist_entry *out)
{
    uint64_t uid;
    uint64_t validity = 0;
    uint64_t size;
    struct slice ids = last_word(&line);
    if (!slice_parse_u64(last_word(&line), &size) || !take_field(&ids, &uid))
        return false;
    if (ids.size && !take_field(&ids, &validity))
        return false;
    out->base = slice_take(line, slice_find(line, ':'));
    if (out->base.size == 0)
        return false;
    set_uidl(out, uid, validity);
    return true;
}

bool store_uidlist_courier_next(struct store_uidlist *l, struct store_uidlist_entry *out)
{
    struct slice line;
    while (store_uidlist_line(&l->text, &line)) {
        l->line++;
        if (parse_line(line, out)) {
            out->rank = ((uint64_t)2 << 32) + l->line;
            return true;
        }
        l->odd++;
    }
    return false;
}
