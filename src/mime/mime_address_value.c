#include "mime/mime_address_reader.h"

#include "codec/encoded_word.h"

enum { ADDRESSES_MAX = 10000, FIRST_ADDRESSES = 4 };

/* ---- the list ---- */

static bool add(struct address_reader *r, struct mime_address a)
{
    struct mime_address_list *out = r->out;
    if (out->count == r->capacity && out->count < ADDRESSES_MAX) {
        uint32_t wanted = r->capacity ? r->capacity * 2 : FIRST_ADDRESSES;
        struct mime_address *list =
            arena_grow(r->arena, out->list, sizeof *list * r->capacity, sizeof *list * wanted,
                       _Alignof(struct mime_address));
        r->capacity = list ? wanted : r->capacity;
        out->list = list ? list : out->list;
    }
    if (out->count == r->capacity || out->count >= ADDRESSES_MAX) {
        out->is_limited = true;
        return false;
    }
    a.group = r->group;
    out->list[out->count++] = a;
    return true;
}

/* Room for what `octets` can become, at the arena's end; false: the arena is full. */
static bool open_room(struct address_reader *r, size_t octets, struct buf *out)
{
    size_t room = octets * ADDRESS_WIDEST + ADDRESS_DECODER_ROOM;
    char *place = arena_take(r->arena, room, 1);
    r->out->is_limited = r->out->is_limited || !place;
    *out = buf_over(place, place ? room : 0);
    return place != NULL;
}

static const struct slice wide_blanks[] = {
    {"\xc2\xa0", 2}, {"\xe3\x80\x80", 3}, {"\xe2\x80\x8b", 3}, {"\xef\xbb\xbf", 3}};

static size_t blank_size(struct slice s)
{
    for (size_t i = 0; i < sizeof wide_blanks / sizeof *wide_blanks; i++) {
        if (slice_starts(s, wide_blanks[i]))
            return wide_blanks[i].size;
    }
    return s.size > 0 && address_is_blank(s.data[0]) ? 1 : 0;
}

static size_t last_blank_size(struct slice s)
{
    for (size_t i = 0; i < sizeof wide_blanks / sizeof *wide_blanks; i++) {
        if (slice_ends(s, wide_blanks[i]))
            return wide_blanks[i].size;
    }
    return s.size > 0 && address_is_blank(s.data[s.size - 1]) ? 1 : 0;
}

static struct slice close_room(struct address_reader *r, const struct buf *out)
{
    struct slice s = buf_slice(out);
    r->arena->size = (size_t)(out->data - r->arena->data) + out->size;
    for (size_t n = 1; n > 0 && s.size > 0; s = slice_skip(s, n))
        n = blank_size(s);
    for (size_t n = 1; n > 0; s.size -= n)
        n = last_blank_size(s);
    return s;
}

/* ---- names and addresses out of their octets ---- */

struct slice address_decoded(struct address_reader *r, struct slice raw)
{
    struct buf text;
    if (raw.size == 0 || !open_room(r, raw.size, &text))
        return SLICE("");
    (void)encoded_word_decode(raw, r->hint, &text);
    return close_room(r, &text);
}

/* A guess would make an address that nobody wrote: foreign octets become U+FFFD. */
static void put_utf8(struct slice raw, struct buf *out)
{
    struct charset_decoder d;
    charset_init(&d, CHARSET_UTF_8);
    out->size += charset_feed(&d, &raw, out->data + out->size, buf_room(out));
    out->size += charset_end(&d, out->data + out->size);
}

/* An encoded word may hold what would be a line of its own, or another address, where the address
 * is written again. Blanks are an address's own only within quotes. */
static void drop_controls(struct buf *b)
{
    size_t kept = 0;
    bool drops_blanks = slice_find(buf_slice(b), '"') == b->size;
    for (size_t i = 0; i < b->size; i++) {
        unsigned char c = (unsigned char)b->data[i];
        if (c > ' ' ? c != 0x7f : c == ' ' && !drops_blanks)
            b->data[kept++] = b->data[i];
    }
    b->size = kept;
}

static struct slice clean(struct address_reader *r, struct slice piece)
{
    struct buf text;
    if (!open_room(r, piece.size, &text))
        return SLICE("");
    buf_clear(&r->scratch);
    address_put_clean(&r->scan, piece, &r->scratch);
    struct slice raw = buf_slice(&r->scratch);
    r->scan.is_broken |= slice_ends(raw, SLICE("@"));
    if (raw.size > 2 && memmem(raw.data, raw.size, "=?", 2))
        (void)encoded_word_decode(raw, r->hint, &text);
    else
        put_utf8(raw, &text);
    drop_controls(&text);
    return close_room(r, &text);
}

static struct slice comment_text(struct address_reader *r, struct slice comment)
{
    buf_clear(&r->scratch);
    if (comment.size > 0)
        address_put_inside(&r->scan, comment, &r->scratch);
    return address_decoded(r, buf_slice(&r->scratch));
}

struct slice address_phrase(struct address_reader *r, size_t from, size_t to)
{
    return address_decoded(r, slice_of(r->phrase.data + from, to - from));
}

/* ---- one address ---- */

static bool has_at(struct slice s)
{
    return slice_find(s, '@') < s.size;
}

/* Or a control character: no address is meant. */
static bool has_blank(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (address_is_blank(s.data[i]) || s.data[i] == '\x1b')
            return true;
    }
    return false;
}

static struct slice trimmed(struct slice s)
{
    while (s.size > 0 && (address_is_blank(s.data[0]) || s.data[0] == '"'))
        s = slice_skip(s, 1);
    while (s.size > 0 && (address_is_blank(s.data[s.size - 1]) || s.data[s.size - 1] == '"'))
        s.size--;
    return s;
}

/* A name that is all there is, and holds the address: `"a@b"`, an encoded word of `Ann <a@b>`. */
static struct mime_address of_name(struct slice name)
{
    struct mime_address a = {.name = name, .address = SLICE("")};
    size_t open = name.size;
    while (open > 0 && name.data[open - 1] != '<')
        open--;
    if (open > 0 && name.data[name.size - 1] == '>') {
        struct slice inside = slice_of(name.data + open, name.size - open - 1);
        if (!has_blank(inside) && has_at(inside))
            a = (struct mime_address){trimmed(slice_take(name, open - 1)), inside, {NULL, 0}};
    } else if (has_at(name) && !has_blank(name)) {
        a = (struct mime_address){SLICE(""), name, {NULL, 0}};
    }
    return a;
}

/* Words and no address: a name, or a local part without its domain when it is one word. */
static struct mime_address of_words(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    struct slice comment = comment_text(r, m->comment);
    bool is_address = has_at(comment) && !has_blank(comment);
    r->scan.is_broken = true;
    if (m->words == 1 && m->is_plain && !is_address) {
        size_t octets = m->word_to - m->word_from;
        struct slice word = clean(r, slice_of(r->scan.text.data + m->word_from, octets));
        return (struct mime_address){comment, word, {NULL, 0}};
    }
    struct slice words = address_phrase(r, m->name, r->phrase.size);
    return is_address ? (struct mime_address){words, comment, {NULL, 0}} : of_name(words);
}

/* The first of: words before, words behind, a comment. */
static struct slice name_of(struct address_reader *r, size_t before_end, size_t behind)
{
    struct slice name = address_phrase(r, r->m.name, before_end);
    if (name.size == 0)
        name = address_phrase(r, behind, r->phrase.size);
    return name.size ? name : comment_text(r, r->m.comment);
}

static struct mime_address of_angle(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    struct slice name = name_of(r, m->angle_phrase, m->angle_phrase);
    if (has_at(m->angle) || !has_blank(m->angle))
        return (struct mime_address){name, clean(r, m->angle), {NULL, 0}};
    r->scan.is_broken = true;
    return (struct mime_address){
        name.size ? name : address_decoded(r, m->angle), SLICE(""), {NULL, 0}};
}

static struct mime_address of_bare(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    r->scan.is_broken |= m->bare_from > m->name || m->bare_to < r->phrase.size;
    struct slice name = name_of(r, m->bare_from, m->bare_to);
    return (struct mime_address){name, clean(r, m->bare), {NULL, 0}};
}

void address_finish(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    struct mime_address a = {.name = SLICE("")};
    if (m->has_angle)
        a = of_angle(r);
    else if (m->has_bare)
        a = of_bare(r);
    else if (r->phrase.size > m->name)
        a = of_words(r);
    if (a.name.size > 0 || a.address.size > 0)
        (void)add(r, a);
}
