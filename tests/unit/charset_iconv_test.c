/* Every octet sequence of the charsets against the C library's iconv, one by one. A difference that
 * is meant has its row in the table below, with the number of sequences it is about. With
 * CHARSET_SAY in the environment each difference is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <iconv.h>

#include "codec/charset.h"
#include "codec/charset_table_single.h"

enum { TEXT_MAX = 96, SEQUENCE_MAX = 16 };

struct text {
    char data[TEXT_MAX];
    size_t size;
    bool is_valid;
};

static struct text ours(enum charset c, struct slice in)
{
    struct text t = {.size = 0};
    struct charset_decoder d;
    charset_init(&d, c);
    t.size = charset_feed(&d, &in, t.data, sizeof t.data);
    assert_int_equal(in.size, 0);
    t.size += charset_end(&d, t.data + t.size);
    t.is_valid = d.invalid == 0;
    return t;
}

static struct text theirs(iconv_t handle, struct slice in)
{
    struct text t = {.size = 0};
    char *from = (char *)(uintptr_t)in.data;
    char *to = t.data;
    size_t room = sizeof t.data;
    iconv(handle, NULL, NULL, NULL, NULL);
    size_t result = iconv(handle, &from, &in.size, &to, &room);
    t.is_valid = result != (size_t)-1 && in.size == 0;
    if (t.is_valid)
        iconv(handle, NULL, NULL, &to, &room);
    t.size = sizeof t.data - room;
    return t;
}

/* The differences found. */
struct count {
    unsigned more;    /* text here where iconv has none */
    unsigned less;    /* text there and none here */
    unsigned another; /* two texts */
};

/* Sequences of `size` octets behind an opening, each octet from its low to its high. */
struct sweep {
    const char *ours, *theirs, *opening;
    uint8_t size;
    uint8_t low[4], high[4];
    struct count but;
    const char *why;
};

#define ONE .size = 1, .low = {0}, .high = {0xff}
#define TWO .size = 2, .low = {0x80, 0}, .high = {0xff, 0xff}
#define PAIR .size = 2, .low = {0x21, 0x21}, .high = {0x7e, 0x7e}
#define HIGH(...) .low = {__VA_ARGS__ 0xa0, 0xa0}, .high = {__VA_ARGS__ 0xff, 0xff}

static const struct sweep sweeps[] = {
    {"UTF-8", "UTF-8", "", ONE},
    {"UTF-8", "UTF-8", "", TWO},
    {"UTF-8", "UTF-8", "", .size = 3, .low = {0xe0, 0x70, 0x70}, .high = {0xf0, 0xff, 0xff}},
    {"UTF-8", "UTF-8", "", .size = 4, .low = {0xf0, 0x80, 0x80, 0xbf},
     .high = {0xf5, 0xc0, 0xc0, 0xc0}, .but = {0, 7168, 0}, .why = "nothing above U+10FFFF"},
    {"GB18030", "GB18030", "", ONE, .but = {1, 0, 0}, .why = "CP936 has the euro at 0x80"},
    {"GB18030", "GB18030", "", TWO, .but = {129, 0, 0},
     .why = "the euro, then any octet that stands alone"},
    {"GB18030", "GB18030", "", .size = 4, .low = {0x81, 0x30, 0x81, 0x30},
     .high = {0xfe, 0x39, 0xfe, 0x39}, .but = {18, 0, 0},
     .why = "the older four octets of what has two now"},
    {"GBK", "GBK", "", TWO, .but = {2149, 0, 0},
     .why = "read as GB18030, with its private rows and the euro"},
    {"GBK", "CP936", "", ONE},
    {"Big5", "BIG5-HKSCS", "", ONE, .but = {0, 1, 0}, .why = "0x80 is nothing"},
    {"Big5", "BIG5-HKSCS", "", TWO, .but = {57, 129, 11},
     .why = "signs as CP950 has them, its private rows; 0x80"},
    {"Big5", "CP950", "", TWO, .but = {4609, 129, 360},
     .why = "HKSCS, also in place of private characters; 0x80"},
    {"Shift_JIS", "CP932", "", ONE},
    {"Shift_JIS", "CP932", "", TWO},
    {"EUC-JP", "EUC-JP-MS", "", ONE, .but = {0, 30, 0}, .why = "no controls of 8 bits"},
    {"EUC-JP", "EUC-JP-MS", "", TWO, .but = {0, 5306, 380},
     .why = "none behind others, no private rows; signs as the standard has them"},
    {"EUC-JP", "EUC-JP-MS", "", .size = 3, HIGH(0x8f, )},
    {"EUC-KR", "UHC", "", ONE},
    {"EUC-KR", "UHC", "", TWO, .but = {1, 0, 0}, .why = "the character of KS X 1001:2002"},
    {"JOHAB", "JOHAB", "", ONE, .but = {0, 0, 1}, .why = "a reverse solidus is no won"},
    {"JOHAB", "JOHAB", "", TWO, .but = {17, 0, 0}, .why = "lone letters"},
    {"EUC-TW", "EUC-TW", "", ONE},
    {"EUC-TW", "EUC-TW", "", TWO},
    {"EUC-TW", "EUC-TW", "", .size = 4, .low = {0x8e, 0xa0, 0xa0, 0xa0},
     .high = {0x8e, 0xb0, 0xff, 0xff}},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b$B", PAIR, .but = {457, 0, 0},
     .why = "NEC's and IBM's rows"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b$@", PAIR, .but = {457, 0, 0},
     .why = "NEC's and IBM's rows"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b$(D", PAIR, .but = {1046, 0, 1},
     .why = "IBM's and private rows; the tilde"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b$A", PAIR, .but = {1391, 0, 2},
     .why = "as GB18030, with its private rows"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b$(C", PAIR},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b(J", ONE, .but = {63, 0, 2},
     .why = "half-width kana of 8 bits; shifts"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b.A\x1bN", ONE, .but = {0, 32, 0},
     .why = "no controls by a shift"},
    {"ISO-2022-JP", "ISO-2022-JP-2", "\x1b.F\x1bN", ONE, .but = {125, 0, 0},
     .why = "the eighth bit may be set"},
    {"ISO-2022-JP", "ISO-2022-JP-3", "\x1b(I", ONE, .but = {94, 0, 2},
     .why = "kana of 8 bits, ASCII behind the kana; shifts"},
    {"ISO-2022-JP", "ISO-2022-JP-3", "\x1b$(O", PAIR},
    {"ISO-2022-JP", "ISO-2022-JP-3", "\x1b$(P", PAIR},
    {"ISO-2022-KR", "ISO-2022-KR", "\x1b$)C\x0e", PAIR},
    {"ISO-2022-CN", "ISO-2022-CN-EXT", "\x1b$)A\x0e", PAIR, .but = {1391, 0, 2},
     .why = "as GB18030, with its private rows"},
    {"ISO-2022-CN", "ISO-2022-CN-EXT", "\x1b$)G\x0e", PAIR},
    {"ISO-2022-CN", "ISO-2022-CN-EXT", "\x1b$)A\x1b$*H\x0e\x1bN", PAIR},
    {"ISO-2022-CN", "ISO-2022-CN-EXT", "\x1b$)A\x1b$+I\x0e\x1bO", PAIR},
    {"ISO-2022-CN", "ISO-2022-CN-EXT", "\x1b$)A\x1b$+M\x0e\x1bO", PAIR},
    {"UTF-16BE", "UTF-16BE", "\x20", .size = 2, .low = {0, 0}, .high = {0xff, 0xff}},
    {"UTF-16BE", "UTF-16BE", "", .size = 2, .low = {0, 0}, .high = {0xff, 0xff}, .but = {0, 0, 2},
     .why = "a BOM is no text"},
    {"UTF-16LE", "UTF-16LE", "", .size = 2, .low = {0, 0}, .high = {0xff, 0xff}, .but = {0, 0, 2},
     .why = "a BOM is no text"},
    {"UTF-16LE", "UTF-16LE", "", .size = 4, .low = {0, 0xd7, 0xff, 0xdb},
     .high = {0xff, 0xe0, 0xff, 0xe0}},
    {"UTF-32BE", "UTF-32BE", "", .size = 4, .low = {0, 0, 0xd7, 0xfe},
     .high = {1, 0x20, 0xe0, 0xff}},
    {"UTF-32LE", "UTF-32LE", "", .size = 4, .low = {0xfe, 0xd7, 0, 0},
     .high = {0xff, 0xe0, 0x20, 1}},
    {"UTF-7", "UTF-7", "", ONE, .but = {32, 0, 0}, .why = "all of ASCII stands for itself"},
    {"UTF-7", "UTF-7", "+AG", ONE},
    {"UTF-7", "UTF-7", "+2D", .size = 4, .low = {0x7a, '2', 'A', 0x2b},
     .high = {0x7a, '4', 'z', 0x7a}},
};

static void say(const struct sweep *s, struct slice in, const struct text *a, const struct text *b)
{
    if (getenv("CHARSET_SAY") == NULL)
        return;
    fprintf(stderr, "# %s %s ", s->ours, s->theirs);
    for (size_t n = 0; n < in.size; n++)
        fprintf(stderr, "%02x", (uint8_t)in.data[n]);
    fprintf(stderr, " '%.*s' '%.*s'\n", (int)a->size, a->data, (int)b->size, b->data);
}

static void compare(const struct sweep *s, iconv_t handle, struct slice in, struct count *found)
{
    struct text a = ours(charset_find(slice_str(s->ours)), in);
    struct text b = theirs(handle, in);
    if (a.is_valid == b.is_valid &&
        (!a.is_valid || slice_equal(slice_of(a.data, a.size), slice_of(b.data, b.size))))
        return;
    say(s, in, &a, &b);
    unsigned *count = a.is_valid && b.is_valid ? &found->another
                      : a.is_valid             ? &found->more
                                               : &found->less;
    (*count)++;
}

/* The next sequence; false: that was the last. */
static bool next(const struct sweep *s, uint8_t *at)
{
    for (unsigned n = s->size; n-- > 0;) {
        if (at[n] < s->high[n]) {
            at[n]++;
            return true;
        }
        at[n] = s->low[n];
    }
    return false;
}

static struct count run(const struct sweep *s)
{
    struct count found = {0, 0, 0};
    iconv_t handle = iconv_open("UTF-8", s->theirs);
    assert_true(handle != (iconv_t)-1);
    uint8_t in[SEQUENCE_MAX + 4];
    size_t opening = strlen(s->opening);
    memcpy(in, s->opening, opening);
    memcpy(in + opening, s->low, s->size);
    do {
        compare(s, handle, slice_of(in, opening + s->size), &found);
    } while (next(s, in + opening));
    iconv_close(handle);
    return found;
}

static void every_sequence_is_what_iconv_says(void **state)
{
    (void)state;
    bool is_same = true;
    for (size_t n = 0; n < sizeof sweeps / sizeof *sweeps; n++) {
        const struct sweep *s = &sweeps[n];
        struct count found = run(s);
        if (memcmp(&found, &s->but, sizeof found) == 0)
            continue;
        is_same = false;
        print_message("# %s, %s, %u octets: %u more, %u less, %u another; meant %u, %u, %u\n",
                      s->ours, s->theirs, s->size, found.more, found.less, found.another,
                      s->but.more, s->but.less, s->but.another);
    }
    assert_true(is_same);
}

/* The C library's name of a row; false: its mapping is Python's. */
static bool single_name(const char *ours, char theirs[static 20])
{
    static const struct {
        const char *ours, *theirs;
    } others[] = {
        {"ISO-IR-111", "ECMA-CYRILLIC"},
        {"x-mac-cyrillic", "MAC-UK"},
        {"x-mac-ce", "MAC-CENTRALEUROPE"},
        {"TCVN", "TCVN5712-1"},
        {"PTCP154", "PT154"},
        {"KZ-1048", "RK1048"},
    };
    const char *name = ours;
    for (size_t n = 0; n < sizeof others / sizeof *others; n++)
        name = strcmp(others[n].ours, ours) == 0 ? others[n].theirs : name;
    if (strncmp(name, "IBM", 3) == 0)
        snprintf(theirs, 20, "CP%d", (int)strtol(name + 3, NULL, 10));
    else
        snprintf(theirs, 20, "%s", name);
    return strcmp(ours, "IBM720") != 0 && strncmp(name, "x-mac-", 6) != 0;
}

/* The octets of a row that iconv reads otherwise. */
static unsigned single_differences(enum charset c, iconv_t handle)
{
    unsigned differences = 0;
    for (unsigned octet = 0x80; octet < 0x100; octet++) {
        char in = (char)octet;
        struct text a = ours(c, slice_of(&in, 1));
        struct text b = theirs(handle, slice_of(&in, 1));
        bool is_same =
            a.is_valid == b.is_valid &&
            (!a.is_valid || slice_equal(slice_of(a.data, a.size), slice_of(b.data, b.size)));
        differences += !is_same;
    }
    return differences;
}

static void every_octet_of_single_charsets_is_what_iconv_says(void **state)
{
    (void)state;
    unsigned compared = 0;
    for (int row = 0; row < (int)CHARSET_ROWS; row++) {
        enum charset c = (enum charset)(CHARSET_SINGLE + row);
        char name[20];
        if (!single_name(charset_name(c), name))
            continue;
        iconv_t handle = iconv_open("UTF-8", name);
        if (handle == (iconv_t)-1)
            fail_msg("iconv has no %s", name);
        /* windows-1255 has a point that iconv has not. */
        unsigned meant = row == CHARSET_ROW_WINDOWS_1255;
        unsigned found = single_differences(c, handle);
        if (found != meant)
            fail_msg("%s: %u differences", name, found);
        iconv_close(handle);
        compared++;
    }
    assert_int_equal(compared, (int)CHARSET_ROWS - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_is_what_iconv_says),
        cmocka_unit_test(every_octet_of_single_charsets_is_what_iconv_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
