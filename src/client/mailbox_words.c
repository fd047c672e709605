#include "client/mailbox_words.h"

#include "base/width.h"

/* Blocks of the scripts that are written without blanks, in order. */
static const struct {
    uint32_t first, last;
} dense_blocks[] = {
    {0x0e00, 0x0eff},   /* Thai, Lao */
    {0x1000, 0x109f},   /* Myanmar */
    {0x1100, 0x11ff},   /* Hangul Jamo */
    {0x1780, 0x17ff},   /* Khmer */
    {0x3005, 0x3007},   /* iteration mark, closing mark, zero */
    {0x3040, 0x30fa},   /* Hiragana, Katakana */
    {0x30fc, 0x30ff},   /* with the mark of a long vowel */
    {0x3100, 0x318f},   /* Bopomofo, compatible Jamo */
    {0x31a0, 0x31bf},   /* Bopomofo extended */
    {0x31f0, 0x31ff},   /* Katakana for Ainu */
    {0x3400, 0x4dbf},   /* extension A */
    {0x4e00, 0x9fff},   /* unified ideographs */
    {0xa960, 0xa97f},   /* Jamo extended A */
    {0xac00, 0xd7ff},   /* Hangul */
    {0xf900, 0xfaff},   /* compatible ideographs */
    {0xff66, 0xff9f},   /* half-width Katakana */
    {0x1b000, 0x1b16f}, /* old kana */
    {0x20000, 0x3ffff}, /* extensions B and on */
};

static bool is_dense(uint32_t point)
{
    if (point < 0xe00)
        return false;
    for (size_t i = 0; i < sizeof dense_blocks / sizeof *dense_blocks; i++) {
        if (point <= dense_blocks[i].last)
            return point >= dense_blocks[i].first;
    }
    return false;
}

bool words_next_run(struct slice *text, struct words_run *out)
{
    struct slice rest = *text;
    uint32_t point;
    if (rest.size == 0)
        return false;
    (void)width_next_point(&rest, &point);
    out->is_dense = is_dense(point);
    while (rest.size > 0) {
        struct slice before = rest;
        (void)width_next_point(&rest, &point);
        if (is_dense(point) != out->is_dense) {
            rest = before;
            break;
        }
    }
    out->text = slice_take(*text, text->size - rest.size);
    *text = rest;
    return true;
}

/* --- width --- */

/* The full form of U+FF66 to U+FF9D, less U+3000. */
static const uint8_t kana[] = {
    0xf2, 0xa1, 0xa3, 0xa5, 0xa7, 0xa9, 0xe3, 0xe5, 0xe7, 0xc3, 0xfc, 0xa2, 0xa4, 0xa6,
    0xa8, 0xaa, 0xab, 0xad, 0xaf, 0xb1, 0xb3, 0xb5, 0xb7, 0xb9, 0xbb, 0xbd, 0xbf, 0xc1,
    0xc4, 0xc6, 0xc8, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd2, 0xd5, 0xd8, 0xdb, 0xde,
    0xdf, 0xe0, 0xe1, 0xe2, 0xe4, 0xe6, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xef, 0xf3,
};

static bool takes_voice(uint32_t p)
{
    return (p >= 0x30ab && p <= 0x30c8 && p != 0x30c3) || (p >= 0x30cf && p <= 0x30db);
}

/* The letter with the mark behind it, when they make one. */
static uint32_t voiced(uint32_t p, struct slice *rest)
{
    struct slice after = *rest;
    uint32_t mark = 0, joined = p;
    if (after.size > 0)
        (void)width_next_point(&after, &mark);
    if (mark == 0xff9e && takes_voice(p))
        joined = p + 1;
    else if (mark == 0xff9e && p == 0x30a6)
        joined = 0x30f4;
    else if (mark == 0xff9f && p >= 0x30cf && p <= 0x30db)
        joined = p + 2;
    if (joined != p)
        *rest = after;
    return joined;
}

bool words_needs_fold(struct slice text)
{
    for (const char *at = text.data; text.size >= 3;) {
        at = memchr(text.data, '\xef', text.size - 2);
        if (!at)
            return false;
        if ((unsigned char)at[1] == 0xbc || (unsigned char)at[1] == 0xbd ||
            (unsigned char)at[1] == 0xbe)
            return true;
        text = slice_skip(text, (size_t)(at - text.data) + 1);
    }
    return false;
}

static void put_kana(struct buf *out, uint32_t p)
{
    buf_put_char(out, (char)0xe3);
    buf_put_char(out, (char)(0x80 | (p >> 6 & 0x3f)));
    buf_put_char(out, (char)(0x80 | (p & 0x3f)));
}

void words_fold_width(struct slice text, struct buf *out)
{
    while (text.size > 0) {
        struct slice before = text;
        uint32_t p;
        size_t n = width_next_point(&text, &p);
        if (p >= 0xff01 && p <= 0xff5e)
            buf_put_char(out, (char)(p - 0xfee0));
        else if (p >= 0xff66 && p <= 0xff9d)
            put_kana(out, voiced(0x3000u + kana[p - 0xff66], &text));
        else
            buf_put(out, slice_take(before, n));
    }
}

/* --- dense runs --- */

int words_of_dense(struct slice run, bool is_question, bool goes_on,
                   int (*put)(void *context, struct slice token, bool same_place), void *context)
{
    bool first = true;
    while (run.size > 0) {
        struct slice next = run, after;
        uint32_t point;
        size_t one = width_next_point(&next, &point);
        after = next;
        size_t two = next.size > 0 ? one + width_next_point(&after, &point) : 0;
        int code = 0;
        if (two)
            code = put(context, slice_take(run, two), false);
        bool alone = is_question ? !two && (first || goes_on) : true;
        if (code == 0 && alone)
            code = put(context, slice_take(run, one), two != 0);
        if (code != 0)
            return code;
        run = next;
        first = false;
    }
    return 0;
}
