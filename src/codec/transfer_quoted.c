/* Quoted-printable [RFC 2045 6.7] and Q [RFC 2047 4.2], lenient: escapes in either case, blanks
 * between `=` and its line end; what is no escape stays as it stands. Blanks at a line's end stay
 * too, although RFC 2045 would have them removed: no relay adds any, most decoders keep them, and
 * signatures ("-- ") and flowed lines need them. */
#include "codec/transfer_steps.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* A longer run of blanks behind `=` is no line end. */
enum { BLANKS_MAX = 80 };

static size_t release(struct transfer *t, char *out)
{
    size_t n = t->held_size;
    memcpy(out, t->held, n);
    t->held_size = 0;
    return n;
}

static size_t hold(struct transfer *t, char c)
{
    t->held[t->held_size++] = c;
    return 0;
}

/* Not within an escape. */
static size_t plain(struct transfer *t, char c, char *out)
{
    if (c == '=')
        return hold(t, c);
    if ((uint8_t)c > 0x7f)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    out[0] = c;
    return 1;
}

/* The digit held behind `=`, or -1. */
static int first_digit(const struct transfer *t)
{
    return t->held_size == 2 ? transfer_hex(t->held[1]) : -1;
}

size_t transfer_quoted_step(struct transfer *t, char c, char *out)
{
    if (t->held_size == 0)
        return plain(t, c, out);
    int first = first_digit(t);
    int digit = transfer_hex(c);
    if (first >= 0 && digit >= 0) {
        out[0] = (char)(first << 4 | digit);
        t->held_size = 0;
        return 1;
    }
    if (first < 0 && c == '\n') {
        t->held_size = 0;
        return 0;
    }
    bool may_be_line_end =
        first < 0 && t->held_size <= BLANKS_MAX && (c == ' ' || c == '\t' || c == '\r');
    if (may_be_line_end || (digit >= 0 && t->held_size == 1))
        return hold(t, c);
    transfer_note(t, TRANSFER_FOREIGN_OCTET);
    size_t n = release(t, out);
    return n + plain(t, c, out + n);
}

/* `=` at the very end, its line end with it, is a soft line end; half an escape stays. */
size_t transfer_quoted_last(struct transfer *t, char *out)
{
    if (t->held_size == 0)
        return 0;
    transfer_note(t, TRANSFER_CUT);
    if (first_digit(t) >= 0)
        return release(t, out);
    t->held_size = 0;
    return 0;
}

/* Copies blocks up to the first octet that is no plain one and returns how many octets were copied;
 * out has room for all of s. A store is a block long: in place, its end must not reach what is not
 * read yet. */
#if defined(__x86_64__)
enum { BLOCK = 16 };

static size_t copy_blocks(struct slice s, char *out, bool want_high)
{
    const __m128i high = _mm_set1_epi8(want_high ? -1 : 0);
    size_t i = 0;
    for (; s.size - i >= BLOCK; i += BLOCK) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(s.data + i));
        __m128i found = _mm_cmpeq_epi8(text, _mm_set1_epi8('='));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(found, _mm_and_si128(text, high)));
        size_t size = mask == 0 ? BLOCK : (unsigned)__builtin_ctz(mask);
        if (mask != 0 && (uintptr_t)(s.data + i + size) - (uintptr_t)(out + i) < BLOCK)
            break;
        _mm_storeu_si128((__m128i *)(void *)(out + i), text);
        if (mask != 0)
            return i + size;
    }
    return i;
}
#else
static size_t copy_blocks(struct slice s, char *out, bool want_high)
{
    return 0;
}
#endif

/* Up to the first `=`, and to the first octet above 0x7f when those are wanted. */
static size_t copy_plain(struct slice s, char *out, bool want_high)
{
    size_t i = copy_blocks(s, out, want_high);
    for (; i < s.size && s.data[i] != '=' && !(want_high && (uint8_t)s.data[i] > 0x7f); i++)
        out[i] = s.data[i];
    return i;
}

/* What a digit is worth in front and behind; digits are marked, so that 0 is none. */
enum { DIGIT = 0x100, TWO_DIGITS = 2 * DIGIT };
#define TWO(c, v, shift) [(c)] = DIGIT | (v) << (shift), [(c) + 1] = DIGIT | ((v) + 1) << (shift)
#define FOUR(c, v, shift) TWO(c, v, shift), TWO((c) + 2, (v) + 2, shift)
#define DIGITS(shift)                                                                              \
    {                                                                                              \
        FOUR('0', 0, shift), FOUR('4', 4, shift), TWO('8', 8, shift), FOUR('A', 10, shift),        \
            TWO('E', 14, shift), FOUR('a', 10, shift), TWO('e', 14, shift),                        \
    }
static const uint16_t front_digits[256] = DIGITS(4);
static const uint16_t back_digits[256] = DIGITS(0);

/* Takes whole escapes and soft line ends from the front of *s. */
static size_t escapes(struct slice *s, char *out)
{
    const char *in = s->data;
    const char *end = in + s->size;
    char *to = out;
    while (end - in >= 3 && in[0] == '=') {
        unsigned octet = front_digits[(uint8_t)in[1]] + (unsigned)back_digits[(uint8_t)in[2]];
        if (__builtin_expect(octet >= TWO_DIGITS, 1))
            *to++ = (char)octet;
        else if (in[1] == '\n')
            in--;
        else if (in[1] != '\r' || in[2] != '\n')
            break;
        in += 3;
    }
    *s = slice_of(in, (size_t)(end - in));
    return (size_t)(to - out);
}

size_t transfer_quoted_wide(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    if (t->held_size > 0)
        return 0;
    bool want_high = !(t->defects & TRANSFER_FOREIGN_OCTET);
    size_t before = encoded->size;
    struct slice rest = slice_take(*encoded, before < room ? before : room);
    size_t left_out = before - rest.size;
    size_t n = 0;
    for (size_t size = SIZE_MAX; rest.size > 0 && rest.size < size;) {
        size = rest.size;
        size_t run = copy_plain(rest, out + n, want_high);
        rest = slice_skip(rest, run);
        n += run;
        n += escapes(&rest, out + n);
    }
    *encoded = slice_of(rest.data, rest.size + left_out);
    return n;
}

size_t transfer_q_step(struct transfer *t, char c, char *out)
{
    int first = first_digit(t);
    int digit = transfer_hex(c);
    if (first >= 0 && digit >= 0) {
        out[0] = (char)(first << 4 | digit);
        t->held_size = 0;
        return 1;
    }
    if (t->held_size == 1 && digit >= 0)
        return hold(t, c);
    if (t->held_size > 0)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    size_t n = release(t, out);
    return n + plain(t, c == '_' ? ' ' : c, out + n);
}

size_t transfer_q_last(struct transfer *t, char *out)
{
    if (t->held_size > 0)
        transfer_note(t, TRANSFER_CUT);
    return release(t, out);
}
