#include "codec/encoded_word.h"
#include "mime/mime_field.h"

/* Does text of this charset come out whole? */
static bool is_valid_in(struct slice text, enum charset c)
{
    char sink[512];
    struct charset_decoder d;
    charset_init(&d, c);
    while (text.size > 0 && d.invalid == 0)
        (void)charset_feed(&d, &text, sink, sizeof sink);
    if (d.invalid == 0)
        (void)charset_end(&d, sink);
    return d.invalid == 0;
}

/* The charset that was said, when it is one and the octets are of it; else what they look like. */
static enum charset choose(const struct mime_parameter *p, enum charset hint, unsigned *bits)
{
    enum charset said = charset_find(p->charset);
    bool is_ascii = charset_is_ascii(p->value);
    if (said != CHARSET_UNKNOWN && (is_ascii || said != CHARSET_US_ASCII) &&
        is_valid_in(p->value, said))
        return said;
    if (p->charset.size > 0 && !is_ascii)
        *bits |= ENCODED_WORD_CHARSET;
    else if (!is_ascii && !charset_is_utf8(p->value))
        *bits |= ENCODED_WORD_RAW;
    enum charset guess = charset_guess(p->value, hint);
    return said == CHARSET_UNKNOWN || is_valid_in(p->value, guess) ? guess : said;
}

/* Characters as long as they fit; a name has no NUL. */
static void put_text(struct slice text, struct buf *out)
{
    while (text.size > 0 && !out->overflow) {
        size_t n = 1;
        while (n < text.size && ((unsigned char)text.data[n] & 0xc0) == 0x80)
            n++;
        buf_put(out, text.data[0] ? slice_take(text, n) : SLICE("\xef\xbf\xbd"));
        text = slice_skip(text, n);
    }
}

static unsigned decode(struct slice text, enum charset c, struct buf *out)
{
    char chunk[512];
    struct charset_decoder d;
    charset_init(&d, c);
    while (text.size > 0)
        put_text(slice_of(chunk, charset_feed(&d, &text, chunk, sizeof chunk)), out);
    put_text(slice_of(chunk, charset_end(&d, chunk)), out);
    return d.invalid > 0 ? ENCODED_WORD_INVALID : 0;
}

/* filename*=utf-8''=?UTF-8?B?...?= : both ways at once. */
static bool has_word(struct slice s)
{
    const char *begin = s.size ? memmem(s.data, s.size, "=?", 2) : NULL;
    return begin && memmem(begin, s.size - (size_t)(begin - s.data), "?=", 2);
}

unsigned mime_parameter_text(const struct mime_parameter *p, enum charset *hint, struct buf *out)
{
    unsigned bits = 0;
    if (!p->is_extended || has_word(p->value))
        return encoded_word_decode(p->value, hint, out);
    enum charset c = choose(p, *hint, &bits);
    if (!charset_is_ascii(p->value))
        *hint = c;
    return bits | decode(p->value, c, out);
}
