#include "codec/charset_cost.h"
#include "codec/charset_table_single.h"

#define ROW(name) (CHARSET_SINGLE + (int)CHARSET_ROW_##name)

enum {
    LOOKED_AT = 64 * 1024,
    HIGH_OCTETS = 2048, /* enough to tell; keeps hostile mail cheap */
};

/* The likelier ones first: they win where costs are equal. `before`: what it costs to be met. */
static const struct {
    int charset;
    unsigned before;
} candidates[] = {
    {CHARSET_UTF_8, 0},     {ROW(WINDOWS_1252), 0}, {CHARSET_GB18030, 0},   {CHARSET_SHIFT_JIS, 1},
    {CHARSET_BIG5, 2},      {CHARSET_EUC_KR, 2},    {ROW(WINDOWS_1251), 0}, {ROW(KOI8_R), 0},
    {CHARSET_EUC_JP, 2},    {ROW(WINDOWS_1250), 3}, {ROW(WINDOWS_1253), 8}, {ROW(WINDOWS_1255), 4},
    {ROW(WINDOWS_1256), 3}, {ROW(WINDOWS_874), 8},  {ROW(KOI8_U), 2},       {ROW(WINDOWS_1254), 5},
    {ROW(ISO_8859_2), 6},
};

/* What of the text is looked at. */
static struct slice sample_of(struct slice text)
{
    size_t high = 0;
    size_t n = 0;
    for (; n < text.size && n < LOOKED_AT && high < HIGH_OCTETS; n++)
        high += (text.data[n] & 0x80) != 0;
    return slice_take(text, n);
}

static enum charset likeliest(struct slice text, uint64_t *least)
{
    enum charset best = CHARSET_UTF_8;
    *least = UINT64_MAX;
    for (size_t n = 0; n < sizeof candidates / sizeof *candidates; n++) {
        enum charset c = (enum charset)candidates[n].charset;
        uint64_t cost = charset_cost(text, c).half_bits + candidates[n].before;
        if (cost < *least) {
            *least = cost;
            best = c;
        }
    }
    return best;
}

/* Charsets whose texts have 8-bit octets that mean something. */
static bool is_for_8_bits(enum charset c)
{
    if (c >= CHARSET_SINGLE)
        return c - CHARSET_SINGLE < (unsigned)CHARSET_ROWS;
    return c == CHARSET_GB18030 || c == CHARSET_BIG5 || c == CHARSET_SHIFT_JIS ||
           c == CHARSET_EUC_JP || c == CHARSET_EUC_KR || c == CHARSET_EUC_TW || c == CHARSET_JOHAB;
}

/* ASCII counts for every charset alike, so only what is above that can be less likely by far. */
static bool is_hint_right(struct slice text, enum charset hint, uint64_t least)
{
    if (!is_for_8_bits(hint))
        return false;
    struct charset_cost cost = charset_cost(text, hint);
    size_t high = 0;
    for (size_t n = 0; n < text.size; n++)
        high += (text.data[n] & 0x80) != 0;
    return cost.invalid == 0 && cost.half_bits <= least + 16 + 3 * (uint64_t)high;
}

static bool contains(struct slice text, const char *wanted)
{
    return memmem(text.data, text.size, wanted, strlen(wanted)) != NULL;
}

/* ~{ and pairs of GB2312 up to ~}. */
static bool has_hz(struct slice text)
{
    const char *end = text.data + text.size;
    const char *at = (const char *)memmem(text.data, text.size, "~{", 2);
    if (at == NULL)
        return false;
    at += 2;
    size_t pairs = 0;
    for (; end - at >= 2 && at[0] >= 0x21 && at[0] <= 0x77 && at[1] > ' '; at += 2)
        pairs++;
    return pairs > 0 && end - at >= 2 && at[0] == '~' && at[1] == '}';
}

/* The charset of 7-bit text by its escapes; UTF-8: it has none. */
static enum charset by_escapes(struct slice text)
{
    static const struct {
        const char *text;
        enum charset charset;
    } escapes[] = {
        {"\x1b$)C", CHARSET_ISO_2022_KR}, {"\x1b$)A", CHARSET_ISO_2022_CN},
        {"\x1b$)G", CHARSET_ISO_2022_CN}, {"\x1b$B", CHARSET_ISO_2022_JP},
        {"\x1b$@", CHARSET_ISO_2022_JP},  {"\x1b$(", CHARSET_ISO_2022_JP},
        {"\x1b(I", CHARSET_ISO_2022_JP},  {"\x1b(J", CHARSET_ISO_2022_JP},
        {"\x1b$A", CHARSET_ISO_2022_JP},
    };
    for (size_t n = 0; n < sizeof escapes / sizeof *escapes; n++) {
        if (contains(text, escapes[n].text))
            return escapes[n].charset;
    }
    return has_hz(text) ? CHARSET_HZ : CHARSET_UTF_8;
}

enum charset charset_guess(struct slice text, enum charset hint)
{
    if (charset_is_ascii(text))
        return by_escapes(text.size < LOOKED_AT ? text : slice_take(text, LOOKED_AT));
    if (charset_is_utf8(text))
        return CHARSET_UTF_8;
    text = sample_of(text);
    uint64_t least;
    enum charset best = likeliest(text, &least);
    return best != CHARSET_UTF_8 && is_hint_right(text, hint, least) ? hint : best;
}
