/* Quoted-printable [RFC 2045 6.7] and Q [RFC 2047 4.2], lenient: escapes in either case; what is no
 * escape stays as it stands; blanks at a line's end are removed, and so are blanks between `=` and
 * its line end. Blanks, a CR and escapes are held until what follows says what they are. */
#include "codec/transfer_steps.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* A longer run of blanks is text: what is before the last so many stays. */
enum { BLANKS_MAX = 80 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_in_cr(const struct transfer *t)
{
    return t->held_size > 0 && t->held[t->held_size - 1] == '\r';
}

static size_t release(struct transfer *t, char *out)
{
    size_t n = t->held_size;
    memcpy(out, t->held, n);
    t->held_size = 0;
    return n;
}

/* Not within an escape. */
static size_t plain(struct transfer *t, char c, char *out)
{
    size_t n = 0;
    if (c == '\n') {
        bool has_cr = ends_in_cr(t);
        t->held_size = 0;
        memcpy(out, has_cr ? "\r\n" : "\n", has_cr ? 2 : 1);
        return has_cr ? 2 : 1;
    }
    if (c == '\r' || is_blank(c)) {
        if (ends_in_cr(t) || (is_blank(c) && t->held_size == BLANKS_MAX))
            n = release(t, out);
        t->held[t->held_size++] = c;
        return n;
    }
    n = release(t, out);
    if (c == '=') {
        t->held[t->held_size++] = c;
        return n;
    }
    if ((uint8_t)c > 0x7f)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    out[n] = c;
    return n + 1;
}

/* What was held is no escape after all. */
static size_t no_escape(struct transfer *t, char c, char *out)
{
    transfer_note(t, TRANSFER_FOREIGN_OCTET);
    size_t n = release(t, out);
    return n + plain(t, c, out + n);
}

size_t transfer_quoted_step(struct transfer *t, char c, char *out)
{
    if (t->held_size == 0 || t->held[0] != '=')
        return plain(t, c, out);
    int digit = transfer_hex(c);
    int first = t->held_size == 2 ? transfer_hex(t->held[1]) : -1;
    if (first >= 0) {
        if (digit < 0)
            return no_escape(t, c, out);
        out[0] = (char)(first << 4 | digit);
        t->held_size = 0;
        return 1;
    }
    if (c == '\n') {
        t->held_size = 0;
        return 0;
    }
    bool may_be_line_end = (is_blank(c) || c == '\r') && t->held_size <= BLANKS_MAX;
    if (!may_be_line_end && !(digit >= 0 && t->held_size == 1))
        return no_escape(t, c, out);
    t->held[t->held_size++] = c;
    return 0;
}

/* `=` at the very end, its line end with it, is a soft line end; half an escape stays. */
size_t transfer_quoted_last(struct transfer *t, char *out)
{
    if (t->held_size == 0)
        return 0;
    bool is_escape = t->held[0] == '=';
    if (is_escape)
        transfer_note(t, TRANSFER_CUT);
    if (is_escape && t->held_size == 2 && transfer_hex(t->held[1]) >= 0)
        return release(t, out);
    bool has_cr = !is_escape && ends_in_cr(t);
    t->held_size = 0;
    out[0] = '\r';
    return has_cr;
}

/* How far into s there is surely no `=`, no LF, and no octet above 0x7f when those are wanted. */
#if defined(__x86_64__)
static size_t plain_blocks(struct slice s, bool want_high)
{
    const __m128i high = _mm_set1_epi8(want_high ? -1 : 0);
    for (size_t i = 0; s.size - i >= 16; i += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(s.data + i));
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('=')),
                                     _mm_cmpeq_epi8(text, _mm_set1_epi8('\n')));
        int mask = _mm_movemask_epi8(_mm_or_si128(found, _mm_and_si128(text, high)));
        if (mask != 0)
            return i + (unsigned)__builtin_ctz((unsigned)mask);
    }
    return s.size & ~(size_t)15;
}
#else
static size_t plain_blocks(struct slice s, bool want_high)
{
    return 0;
}
#endif

static size_t plain_run(struct slice s, bool want_high)
{
    size_t i = plain_blocks(s, want_high);
    while (i < s.size && s.data[i] != '=' && s.data[i] != '\n' &&
           !(want_high && (uint8_t)s.data[i] > 0x7f))
        i++;
    return i;
}

/* What of a line stays when an LF ends it; the CR before that is not in it any more. */
static size_t without_blanks(struct slice line)
{
    size_t size = line.size;
    while (size > 0 && is_blank(line.data[size - 1]))
        size--;
    size_t blanks = line.size - size;
    return blanks == 0 ? size : size + (blanks - 1) / BLANKS_MAX * BLANKS_MAX;
}

static size_t put(struct slice text, char *out)
{
    if (text.size > 0 && text.data != out)
        memmove(out, text.data, text.size);
    return text.size;
}

/* The octets at the front that an escape or a soft line end takes, 0: it is for the steps. */
static size_t escape(struct slice s, char *out, size_t *written)
{
    if (s.size >= 2 && s.data[1] == '\n')
        return 2;
    if (s.size < 3)
        return 0;
    if (s.data[1] == '\r' && s.data[2] == '\n')
        return 3;
    int high = transfer_hex(s.data[1]);
    int low = transfer_hex(s.data[2]);
    if (high < 0 || low < 0)
        return 0;
    out[0] = (char)(high << 4 | low);
    (*written)++;
    return 3;
}

/* A run that the input's end cuts: blanks and CR at its end are for the steps. */
static size_t without_line_end(struct slice run)
{
    while (run.size > 0 && (is_blank(run.data[run.size - 1]) || run.data[run.size - 1] == '\r'))
        run.size--;
    return run.size;
}

static size_t put_line(struct slice line, char *out)
{
    size_t end = line.size >= 2 && line.data[line.size - 2] == '\r' ? 2 : 1;
    size_t n = put(slice_take(line, without_blanks(slice_take(line, line.size - end))), out);
    memmove(out + n, line.data + line.size - end, end);
    return n + end;
}

size_t transfer_quoted_wide(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    size_t n = 0;
    struct slice rest = *encoded;
    if (t->held_size > 0)
        return 0;
    bool want_high = !(t->defects & TRANSFER_FOREIGN_OCTET);
    for (size_t taken = 1; taken > 0 && rest.size > 0; rest = slice_skip(rest, taken)) {
        struct slice part = slice_take(rest, rest.size < room - n ? rest.size : room - n);
        size_t run = plain_run(part, want_high);
        if (run < part.size && part.data[run] == '\n') {
            taken = run + 1;
            n += put_line(slice_take(part, taken), out + n);
        } else if (run < part.size && part.data[run] == '=') {
            n += put(slice_take(part, run), out + n);
            taken = escape(slice_skip(part, run), out + n, &n);
            rest = slice_skip(rest, run);
        } else {
            bool is_cut = run == part.size;
            run = is_cut ? without_line_end(part) : run;
            n += put(slice_take(part, run), out + n);
            rest = slice_skip(rest, run);
            taken = 0;
        }
    }
    *encoded = rest;
    return n;
}

size_t transfer_q_step(struct transfer *t, char c, char *out)
{
    int digit = transfer_hex(c);
    size_t n = 0;
    if (t->held_size > 0 && digit >= 0) {
        if (t->held_size == 1) {
            t->held[t->held_size++] = c;
            return 0;
        }
        out[0] = (char)(transfer_hex(t->held[1]) << 4 | digit);
        t->held_size = 0;
        return 1;
    }
    if (t->held_size > 0)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    n = release(t, out);
    if (c == '=') {
        t->held[t->held_size++] = c;
        return n;
    }
    if ((uint8_t)c > 0x7f)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    out[n] = c == '_' ? ' ' : c;
    return n + 1;
}

size_t transfer_q_last(struct transfer *t, char *out)
{
    if (t->held_size > 0)
        transfer_note(t, TRANSFER_CUT);
    return release(t, out);
}
