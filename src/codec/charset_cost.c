#include "codec/charset_cost.h"

#include "codec/charset_machine.h"
#include "codec/charset_table.h"

enum {
    COST_ASCII = 10,
    COST_BROKEN = 50,
    COST_UTF8 = 12, /* its form alone says enough */
    COST_OTHER_SIGN = 30,
    COST_OTHER_LETTER = 36, /* Greek and Cyrillic */
    COST_RARE = 42,
    COST_PRIVATE = 50,
    COST_LONE_KANA = 8, /* half-width */
    COST_CLUSTER = 6,   /* of each consonant beyond the third */
    COST_IN_WORD = 16,  /* of two octets alone within a word of Latin letters */
    COST_CUT = 30,      /* an unfinished character at the end of UTF-8 */
    LANGUAGES = 16,
    GAIN_LANGUAGE = 11, /* of a Latin letter that the text's language writes */
};

static bool is_ascii_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_ascii_letter(uint8_t c)
{
    return is_ascii_lower(c | 0x20);
}

/* Charsets of two octets. What is frequent in them: */
struct wide {
    enum charset charset;
    const uint32_t *ideographs;
    unsigned (*rank)(const uint8_t *octets); /* 1: the charset's first part of ideographs, 2, 3 */
    uint8_t kana, half_kana, hangul;
};

static unsigned gb_rank(const uint8_t *o)
{
    if (o[1] < 0xa1 || o[0] < 0xb0)
        return 3;
    return o[0] <= 0xd7 ? 1 : 2;
}

static unsigned big5_rank(const uint8_t *o)
{
    if (o[0] < 0xa4 || o[0] > 0xf9)
        return 3;
    return o[0] <= 0xc6 ? 1 : 2;
}

static unsigned sjis_rank(const uint8_t *o)
{
    return o[0] < 0x98 ? 1 : o[0] <= 0xea ? 2 : 3;
}

static unsigned euc_jp_rank(const uint8_t *o)
{
    return o[0] == 0x8f ? 3 : o[0] < 0xd0 ? 1 : 2;
}

static unsigned hanja_rank(const uint8_t *o)
{
    (void)o;
    return 3;
}

static const struct wide wides[] = {
    {CHARSET_GB18030, charset_frequent_hans, gb_rank, 28, 45, 45},
    {CHARSET_BIG5, charset_frequent_hant, big5_rank, 28, 45, 45},
    {CHARSET_SHIFT_JIS, charset_frequent_kanji, sjis_rank, 10, 17, 45},
    {CHARSET_EUC_JP, charset_frequent_kanji, euc_jp_rank, 10, 34, 45},
    {CHARSET_EUC_KR, charset_frequent_hant, hanja_rank, 40, 45, 25},
    {CHARSET_EUC_TW, charset_frequent_hant, big5_rank, 28, 45, 45},
    {CHARSET_JOHAB, charset_frequent_hant, hanja_rank, 40, 45, 25},
};

static unsigned grade_of(const uint32_t *grades, uint32_t at)
{
    return grades[at / 16] >> at % 16 * 2 & 3;
}

static unsigned ideograph_cost(const struct wide *w, uint32_t code, const uint8_t *octets)
{
    static const uint8_t by_grade[] = {0, 24, 20, 16};
    static const uint8_t by_rank[] = {0, 28, 35, COST_RARE};
    unsigned grade = grade_of(w->ideographs, code - 0x4e00);
    unsigned rank = w->rank(octets);
    return grade != 0 && rank < 3 ? by_grade[grade] : by_rank[rank];
}

/* KS X 1001 has 2350 syllables of the 11172; CP949's others are hardly written. */
static unsigned hangul_cost(const struct wide *w, uint32_t code, const uint8_t *octets)
{
    static const uint8_t by_grade[] = {0, 20, 18, 14};
    if (w->charset == CHARSET_EUC_KR && (octets[0] < 0xb0 || octets[1] < 0xa1))
        return 36;
    unsigned grade = grade_of(charset_frequent_hangul, code - 0xac00);
    return grade != 0 && w->hangul < 30 ? by_grade[grade] : w->hangul;
}

static unsigned sign_cost(uint32_t code)
{
    switch (code) {
    case 0x3000: /* the blank, comma, full stop, brackets */
    case 0x3001:
    case 0x3002:
    case 0x300a:
    case 0x300b:
    case 0x300c:
    case 0x300d:
    case 0x3010:
    case 0x3011:
    case 0xff01: /* exclamation mark, parentheses, comma, colon, semicolon, question mark */
    case 0xff08:
    case 0xff09:
    case 0xff0c:
    case 0xff1a:
    case 0xff1b:
    case 0xff1f:
    case 0x2014: /* dash, quotes, dots */
    case 0x201c:
    case 0x201d:
    case 0x2026:
    case 0xb7:
    case 0x30fb:
        return 12;
    default:
        if (code >= 0xe000 && code < 0xf900)
            return COST_PRIVATE;
        if (code >= 0x370 && code < 0x500)
            return COST_OTHER_LETTER;
        return code > 0xff00 && code < 0xff5f ? 20 : COST_OTHER_SIGN;
    }
}

static unsigned wide_cost(const struct wide *w, uint32_t code, const uint8_t *octets)
{
    if (code >= 0x4e00 && code < 0xa000)
        return ideograph_cost(w, code, octets);
    if (code >= 0xac00 && code <= 0xd7a3)
        return hangul_cost(w, code, octets);
    if (code >= 0x3041 && code < 0x30fb)
        return code < 0x30a0 ? w->kana : w->kana + 3U;
    if (code == 0x30fc)
        return w->kana + 3U;
    if (code >= 0xff61 && code < 0xffa0)
        return w->half_kana;
    return code < 0x10000 && (code < 0x3400 || code > 0x4dff) ? sign_cost(code) : COST_RARE;
}

/* A trail that could be a letter of its own, among such letters. */
static unsigned beside_letters(const uint8_t *octets, struct slice behind, uint8_t before)
{
    bool ends_lower = behind.size > 0 && is_ascii_lower((uint8_t)*behind.data);
    unsigned cost = is_ascii_lower(before) ? 4 : 0;
    if (octets[1] < 0x80)
        cost += ends_lower ? 10 : 4;
    if (is_ascii_lower(before) && ends_lower)
        cost += COST_IN_WORD;
    return cost;
}

static const struct wide *wide_of(enum charset c)
{
    for (size_t n = 0; n < sizeof wides / sizeof *wides; n++) {
        if (wides[n].charset == c)
            return &wides[n];
    }
    return NULL;
}

static struct charset_cost wide_text_cost(struct slice text, const struct wide *w)
{
    struct charset_cost cost = {0, 0};
    struct charset_decoder d;
    charset_init(&d, w->charset);
    charset_step *step = charset_step_of(w->charset);
    uint8_t before = 0;
    while (text.size > 0) {
        const uint8_t *octets = (const uint8_t *)text.data;
        struct charset_unit unit = {0, 0};
        size_t used =
            octets[0] < 0x80 ? 1 : step(&d, (struct charset_octets){octets, text.size}, &unit);
        if (used == 0)
            break;
        text = slice_skip(text, used);
        if (octets[0] < 0x80) {
            cost.half_bits += COST_ASCII;
        } else if (unit.code == CHARSET_BROKEN) {
            cost.half_bits += COST_BROKEN;
            cost.invalid++;
        } else {
            cost.half_bits += wide_cost(w, unit.code, octets);
            cost.half_bits += used == 2       ? beside_letters(octets, text, before)
                              : before < 0x80 ? COST_LONE_KANA
                                              : 0;
        }
        before = octets[used - 1];
    }
    if (text.size > 0)
        cost.half_bits += COST_BROKEN;
    return cost;
}

static struct charset_cost utf8_text_cost(struct slice text)
{
    struct charset_cost cost = {0, 0};
    while (text.size > 0) {
        struct charset_octets in = {(const uint8_t *)text.data, text.size};
        struct charset_unit unit = {0, 0};
        size_t used = charset_step_utf8(NULL, in, &unit);
        if (used == 0)
            break;
        bool is_broken = unit.code == CHARSET_BROKEN;
        cost.invalid += is_broken;
        cost.half_bits += is_broken ? COST_BROKEN : used == 1 ? COST_ASCII : COST_UTF8;
        text = slice_skip(text, used);
    }
    if (text.size > 0)
        cost.half_bits += COST_CUT;
    return cost;
}

/* Charsets of one octet a character: each has its cost and, in this table, what it costs behind the
 * one before it. Behind enum charset_kind come the kinds that ASCII has. */
enum { KIND_ASCII_LOWER = CHARSET_NONE + 1, KIND_ASCII_UPPER, KIND_ASCII_OTHER, KINDS };

enum {
    CAP = 3,  /* a capital at the start of a word */
    CAPS = 1, /* behind another */
    IN = 14,  /* behind a small letter */
    MIX = 12, /* letters of two scripts side by side, or one behind a final letter */
    MIXC = IN + MIX,
    ACC = 4, /* two accented letters */
    ACAP = ACC + CAPS,
    INAC = IN + ACC,
    LONE = 16, /* a mark without a letter */
    ODD = 6,   /* a rare sign in a word */
};

/* clang-format off */
static const uint8_t behind[KINDS][KINDS] = {
    /* of:               SIGN RARE LOWER UPPER LATIN LATIN_UP MARK FINAL NONE  a     A     other */
    [CHARSET_SIGN]        = {0, 0,   0,   CAP,  0,    CAP,  LONE, 0,   0,    0,    0,    0},
    [CHARSET_RARE_SIGN]   = {0, 0,   0,   CAP,  0,    CAP,  LONE, 0,   0,    ODD,  ODD,  0},
    [CHARSET_LOWER]       = {0, 0,   0,   IN,   MIX,  MIXC, 0,    0,   0,    MIX,  MIX,  0},
    [CHARSET_UPPER]       = {0, 0,   0,   CAPS, MIX,  MIX,  0,    0,   0,    MIX,  MIX,  0},
    [CHARSET_LATIN_LOWER] = {0, 0,   MIX, MIXC, ACC,  INAC, LONE, MIX, 0,    0,    0,    0},
    [CHARSET_LATIN_UPPER] = {0, 0,   MIX, MIX,  ACC,  ACAP, LONE, MIX, 0,    0,    0,    0},
    [CHARSET_MARK]        = {0, 0,   0,   CAP,  MIX,  MIX,  0,    0,   0,    MIX,  MIX,  0},
    [CHARSET_FINAL]       = {0, 0,   MIX, MIX,  MIX,  MIX,  MIX,  MIX, 0,    MIX,  MIX,  0},
    [CHARSET_NONE]        = {0, 0,   0,   CAP,  0,    CAP,  LONE, 0,   0,    0,    0,    0},
    [KIND_ASCII_LOWER]    = {0, ODD, MIX, MIXC, 0,    IN,   LONE, MIX, 0,    0,    0,    0},
    [KIND_ASCII_UPPER]    = {0, ODD, MIX, MIX,  0,    CAPS, LONE, MIX, 0,    0,    0,    0},
    [KIND_ASCII_OTHER]    = {0, 0,   0,   CAP,  0,    CAP,  LONE, 0,   0,    0,    0,    0},
};
/* clang-format on */

static struct charset_octet ascii_octet(uint8_t octet)
{
    uint8_t kind = KIND_ASCII_OTHER;
    if (is_ascii_letter(octet))
        kind = is_ascii_lower(octet) ? KIND_ASCII_LOWER : KIND_ASCII_UPPER;
    return (struct charset_octet){COST_ASCII, kind, 0};
}

/* A Latin text is in one language: its letters are cheap, those of all others are not. */
static uint64_t language_gain(const uint16_t written[static LANGUAGES])
{
    uint64_t most = 0;
    for (size_t n = 0; n < LANGUAGES; n++)
        most = written[n] > most ? written[n] : most;
    return most * GAIN_LANGUAGE;
}

static struct charset_cost single_text_cost(struct slice text, const struct charset_octet *octets)
{
    struct charset_cost cost = {0, 0};
    uint16_t written[LANGUAGES] = {0};
    unsigned before = KIND_ASCII_OTHER;
    unsigned consonants = 0;
    for (size_t n = 0; n < text.size; n++) {
        uint8_t octet = (uint8_t)text.data[n];
        struct charset_octet o = octet < 0x80 ? ascii_octet(octet) : octets[octet - 0x80];
        bool is_latin = o.kind == CHARSET_LATIN_LOWER || o.kind == CHARSET_LATIN_UPPER;
        for (unsigned bits = is_latin ? o.languages : 0; bits != 0; bits &= bits - 1)
            written[__builtin_ctz(bits)]++;
        consonants = !is_latin && o.languages != 0 ? consonants + 1 : 0;
        cost.half_bits += o.cost + behind[before][o.kind] + (consonants > 3 ? COST_CLUSTER : 0U);
        cost.invalid += o.kind == CHARSET_NONE;
        before = o.kind;
    }
    cost.half_bits -= language_gain(written);
    return cost;
}

struct charset_cost charset_cost(struct slice text, enum charset c)
{
    if (c >= CHARSET_SINGLE)
        return single_text_cost(text, charset_octet_costs[c - CHARSET_SINGLE]);
    const struct wide *w = wide_of(c);
    return w == NULL ? utf8_text_cost(text) : wide_text_cost(text, w);
}
