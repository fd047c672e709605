/* The decoded octets of a part, and its text. */
#include "mime/mime_message.h"

#include <assert.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

static enum transfer_encoding transfer_of(const struct mime_part *p)
{
    static const enum transfer_encoding of[] = {
        [MIME_ENCODING_7BIT] = TRANSFER_IDENTITY,
        [MIME_ENCODING_8BIT] = TRANSFER_IDENTITY,
        [MIME_ENCODING_BINARY] = TRANSFER_IDENTITY,
        [MIME_ENCODING_BASE64] = TRANSFER_BASE64,
        [MIME_ENCODING_QUOTED_PRINTABLE] = TRANSFER_QUOTED_PRINTABLE,
        [MIME_ENCODING_UUENCODE] = TRANSFER_UUENCODE,
        [MIME_ENCODING_YENC] = TRANSFER_YENC,
        [MIME_ENCODING_UNKNOWN] = TRANSFER_IDENTITY,
    };
    return p->kind == MIME_LEAF ? of[p->encoding] : TRANSFER_IDENTITY;
}

void mime_body_open(const struct mime_message *m, uint32_t part, struct mime_body *b)
{
    transfer_init(&b->transfer, transfer_of(&m->parser.parts[part]));
    b->rest = mime_message_body(m, part);
    b->is_done = false;
}

size_t mime_body_read(struct mime_body *b, char *out, size_t room)
{
    size_t n = 0;
    assert(room >= 2 * (size_t)TRANSFER_ROOM);
    while (n == 0 && b->rest.size > 0)
        n = transfer_feed(&b->transfer, &b->rest, out, room);
    if (b->rest.size == 0 && !b->is_done && room - n >= TRANSFER_ROOM) {
        b->is_done = true;
        n += transfer_end(&b->transfer, out + n);
    }
    return n;
}

bool mime_body_whole(struct mime_message *m, uint32_t part, struct slice *out)
{
    struct mime_body b;
    struct slice encoded = mime_message_body(m, part);
    mime_body_open(m, part, &b);
    *out = encoded;
    if (b.transfer.encoding == TRANSFER_IDENTITY)
        return true;
    struct arena *a = m->arena;
    size_t room = encoded.size + 4 * (size_t)TRANSFER_ROOM;
    char *whole = arena_take(a, room, 1);
    if (!whole)
        return false;
    size_t n = 0;
    for (size_t more = 1; more > 0 && room - n >= 2 * (size_t)TRANSFER_ROOM; n += more)
        more = mime_body_read(&b, whole + n, room - n);
    a->size -= room - n;
    *out = slice_of(whole, n);
    return true;
}

/* The octets and the text of a part are read apart, and tell the same. */
static void tell_once(struct mime_message *m, enum mime_defect_code code, uint32_t part,
                      uint64_t offset)
{
    for (uint32_t i = m->parser.defect_count; i > 0; i--) {
        const struct mime_defect *d = &m->parser.defects[i - 1];
        if (d->code == code && d->part == part && d->offset == offset)
            return;
    }
    mime_parser_add_defect(&m->parser, code, part, offset);
}

void mime_body_tell(struct mime_message *m, uint32_t part, const struct mime_body *b)
{
    uint64_t at = m->parser.parts[part].body + b->transfer.first_defect;
    if (b->transfer.defects & (TRANSFER_FOREIGN_OCTET | TRANSFER_PADDING | TRANSFER_CHECKSUM))
        tell_once(m, MIME_DEFECT_TRANSFER, part, at);
    if (b->transfer.defects & TRANSFER_CUT)
        tell_once(m, MIME_DEFECT_TRANSFER_CUT, part, at);
}

static bool refill(struct mime_text *t)
{
    if (t->is_last)
        return false;
    size_t n = mime_body_read(&t->body, t->chunk, sizeof t->chunk);
    t->rest = slice_of(t->chunk, n);
    t->is_last = n == 0;
    return true;
}

/* More decoded text; false: there is none. */
static bool decode(struct mime_text *t)
{
    size_t n = 0;
    while (n == 0) {
        if (t->rest.size > 0)
            n = charset_feed(&t->charset, &t->rest, t->decoded, sizeof t->decoded);
        else if (!refill(t))
            return false;
        else if (t->is_last)
            n = charset_end(&t->charset, t->decoded);
    }
    t->ready = slice_of(t->decoded, n);
    return true;
}

static size_t character_size(struct slice s)
{
    size_t n = 1;
    while (n < s.size && ((unsigned char)s.data[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* One character: line ends become LF, NUL is none. */
static size_t put(struct mime_text *t, char *out)
{
    size_t n = character_size(t->ready);
    struct slice c = slice_take(t->ready, n);
    bool after_cr = t->after_cr;
    t->ready = slice_skip(t->ready, n);
    t->after_cr = c.data[0] == '\r';
    if (c.data[0] == '\n' && after_cr)
        return 0;
    if (c.data[0] == '\r')
        c = SLICE("\n");
    else if (c.data[0] == '\0')
        c = SLICE("\xef\xbf\xbd");
    memcpy(out, c.data, c.size);
    return c.size;
}

/* Lines are short: a step of sixteen octets costs less than a search and a copy of its own. */
#if defined(__x86_64__)
static size_t copy_run(struct slice s, char *out)
{
    size_t n = 0;
    for (; s.size - n >= 16; n += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(s.data + n));
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('\r')),
                                   _mm_cmpeq_epi8(text, _mm_setzero_si128()));
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        _mm_storeu_si128((__m128i *)(void *)(out + n), text);
        if (mask != 0)
            return n + (unsigned)__builtin_ctz(mask);
    }
    for (; n < s.size && s.data[n] != '\r' && s.data[n] != '\0'; n++)
        out[n] = s.data[n];
    return n;
}
#else
static size_t copy_run(struct slice s, char *out)
{
    s = slice_take(s, slice_find(s, '\r'));
    size_t n = slice_find(s, '\0');
    memcpy(out, s.data, n);
    return n;
}
#endif

/* Lines with the end that most have, and as much of the last as needs no change, up to the end of
 * a character. */
static size_t put_lines(struct mime_text *t, char *out, size_t room)
{
    const char *in = t->ready.data;
    const char *end = in + (t->ready.size < room ? t->ready.size : room);
    char *to = out;
    size_t run = copy_run(slice_of(in, (size_t)(end - in)), to);
    for (; end - in - (ptrdiff_t)run >= 2 && in[run] == '\r' && in[run + 1] == '\n';
         run = copy_run(slice_of(in, (size_t)(end - in)), to)) {
        in += run + 2;
        to += run;
        *to++ = '\n';
    }
    const char *all = t->ready.data + t->ready.size;
    while (run > 0 && in + run < all && ((unsigned char)in[run] & 0xc0) == 0x80)
        run--;
    t->ready = slice_of(in + run, (size_t)(all - in) - run);
    return (size_t)(to - out) + run;
}

size_t mime_text_read(struct mime_text *t, char *out, size_t room)
{
    size_t n = 0;
    assert(room >= CHARSET_ROOM);
    while (room - n >= 4 && (t->ready.size > 0 || decode(t))) {
        size_t lines = t->after_cr ? 0 : put_lines(t, out + n, room - n);
        n += lines > 0 ? lines : put(t, out + n);
    }
    return n;
}

void mime_text_tell(struct mime_message *m, uint32_t part, const struct mime_text *t)
{
    mime_body_tell(m, part, &t->body);
    if (t->charset.invalid > 0)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_CHARSET_INVALID, part,
                               m->parser.parts[part].body);
}
