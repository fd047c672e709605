#include "client/header_text.h"

#include "codec/base64.h"

#include <iconv.h>
#include <stdlib.h>
#include <time.h>

/* ---- fields ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

static bool next_line(struct slice *rest, struct slice *line)
{
    if (rest->size == 0)
        return false;
    size_t n = slice_find(*rest, '\n');
    *line = slice_take(*rest, n);
    *rest = slice_skip(*rest, n < rest->size ? n + 1 : n);
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return line->size > 0; /* the empty line ends a header */
}

static void put_cut(struct buf *out, struct slice s, size_t limit)
{
    size_t room = buf_room(out) < limit ? buf_room(out) : limit;
    buf_put(out, slice_take(s, s.size < room ? s.size : room));
}

bool header_field(struct slice head, struct slice name, struct buf *out)
{
    struct slice line;
    bool found = false;
    while (next_line(&head, &line)) {
        bool folded = is_blank(line.data[0]);
        if (found && !folded)
            break;
        if (found) {
            put_cut(out, SLICE(" "), 1);
            put_cut(out, trim(line), HEADER_TEXT - (out->size < HEADER_TEXT ? out->size : 0));
        }
        if (found || folded || line.size <= name.size ||
            !slice_equal_nocase(slice_take(line, name.size), name))
            continue;
        struct slice rest = trim(slice_skip(line, name.size));
        if (rest.size == 0 || rest.data[0] != ':')
            continue;
        found = true;
        put_cut(out, trim(slice_skip(rest, 1)), HEADER_TEXT);
    }
    return found;
}

/* ---- character sets ---- */

/* Those that mail is written in. A name that is not here never reaches iconv, which would load a
 * converter of the sender's choice for it. */
static const struct {
    const char *name, *read_as;
} charsets[] = {
    {"utf-8", "UTF-8"},
    {"utf8", "UTF-8"},
    {"us-ascii", "UTF-8"},
    {"ascii", "UTF-8"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"shift_jis", "CP932"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-jp", "EUC-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"iso-8859-1", "CP1252"},
    {"latin1", "CP1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1252", "CP1252"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"windows-874", "CP874"},
    {"tis-620", "TIS-620"},
};

static const char *charset_of(struct slice name)
{
    name = slice_take(name, slice_find(name, '*')); /* RFC 2231: a language may follow */
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        if (slice_equal_nocase(name, slice_str(charsets[i].name)))
            return charsets[i].read_as;
    }
    return NULL;
}

static const char replacement[] = "\xef\xbf\xbd";

/* What cannot be read becomes U+FFFD, an octet each. False: something could not. */
static bool convert(struct slice in, const char *charset, struct buf *out)
{
    iconv_t cd = iconv_open("UTF-8", charset);
    char *from = (char *)(uintptr_t)in.data;
    size_t left = in.size;
    bool good = true;
    if (cd == (iconv_t)-1)
        return false;
    while (left > 0) {
        char *to = out->data + out->size;
        size_t room = buf_room(out);
        size_t n = iconv(cd, &from, &left, &to, &room);
        out->size = out->capacity - room;
        if (n != (size_t)-1 || room < 8)
            break;
        good = false;
        buf_put_str(out, replacement);
        from++;
        left--;
    }
    iconv_close(cd);
    return good;
}

/* Octets that no encoded word protects: UTF-8, else what half of the first users' mail is. */
static void put_raw(struct slice s, struct buf *out)
{
    size_t before = out->size;
    if (convert(s, "UTF-8", out))
        return;
    out->size = before;
    out->overflow = false;
    (void)convert(s, "GB18030", out);
}

/* ---- encoded words ---- */

struct word {
    const char *charset;
    bool is_base64;
    struct slice text;
    size_t size; /* of all of it, from =? to ?= */
};

static bool take_until(struct slice *s, char c, struct slice *part)
{
    size_t n = slice_find(*s, c);
    if (n == s->size)
        return false;
    *part = slice_take(*s, n);
    *s = slice_skip(*s, n + 1);
    return true;
}

static bool find_word(struct slice s, struct word *w)
{
    struct slice rest, charset, encoding;
    if (!slice_starts(s, SLICE("=?")))
        return false;
    rest = slice_skip(s, 2);
    if (!take_until(&rest, '?', &charset) || !take_until(&rest, '?', &encoding) ||
        !take_until(&rest, '?', &w->text) || rest.size == 0 || rest.data[0] != '=')
        return false;
    w->size = s.size - rest.size + 1;
    w->charset = charset_of(charset);
    w->is_base64 = slice_equal_nocase(encoding, SLICE("b"));
    return w->charset && (w->is_base64 || slice_equal_nocase(encoding, SLICE("q")));
}

static int hex_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static void decode_q(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.size; i++) {
        int high = s.data[i] == '=' && i + 2 < s.size ? hex_of(s.data[i + 1]) : -1;
        int low = high >= 0 ? hex_of(s.data[i + 2]) : -1;
        if (low >= 0) {
            buf_put_char(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_put_char(out, s.data[i] == '_' ? ' ' : s.data[i]);
        }
    }
}

/* Some senders leave the padding out. */
static void decode_b(struct slice s, struct buf *out)
{
    char memory[HEADER_TEXT + 4];
    struct buf padded = buf_over(memory, sizeof memory);
    buf_put(&padded, s);
    while (padded.size % 4 != 0 && buf_put_char(&padded, '='))
        continue;
    if (base64_decode(out, buf_slice(&padded)) != STATUS_OK)
        buf_put(out, s);
}

/* Words behind each other are one text: a character may be cut between them. */
static struct slice decode_words(struct slice s, struct buf *out)
{
    char memory[HEADER_TEXT];
    struct buf octets = buf_over(memory, sizeof memory);
    struct word w, first;
    find_word(s, &first);
    for (w = first; w.charset == first.charset;) {
        if (w.is_base64)
            decode_b(w.text, &octets);
        else
            decode_q(w.text, &octets);
        s = slice_skip(s, w.size);
        struct slice next = trim(s);
        next = slice_of(next.data, s.size - (size_t)(next.data - s.data));
        if (next.size == 0 || !find_word(next, &w))
            break;
        s = next; /* blanks between words do not count */
    }
    convert(buf_slice(&octets), first.charset, out);
    return s;
}

static size_t before_word(struct slice s)
{
    struct word w;
    size_t i = 0;
    while (i < s.size && !(s.data[i] == '=' && find_word(slice_skip(s, i), &w)))
        i++;
    return i;
}

void header_decode(struct slice value, struct buf *out)
{
    if (value.size > HEADER_TEXT)
        value.size = HEADER_TEXT;
    while (value.size > 0 && buf_room(out) > 0) {
        size_t n = before_word(value);
        if (n > 0)
            put_raw(slice_take(value, n), out);
        value = slice_skip(value, n);
        if (value.size > 0)
            value = decode_words(value, out);
    }
}

/* ---- From ---- */

struct slice header_author(struct slice value)
{
    size_t open = slice_find(value, '<');
    if (open == value.size)
        return trim(value);
    struct slice name = trim(slice_take(value, open)), address = slice_skip(value, open + 1);
    if (name.size >= 2 && name.data[0] == '"' && name.data[name.size - 1] == '"')
        name = trim(slice_of(name.data + 1, name.size - 2));
    return name.size > 0 ? name : trim(slice_take(address, slice_find(address, '>')));
}

/* ---- Date ---- */

static struct slice next_token(struct slice *s)
{
    while (s->size > 0 && (is_blank(s->data[0]) || s->data[0] == ','))
        *s = slice_skip(*s, 1);
    size_t n = 0;
    while (n < s->size && !is_blank(s->data[n]) && s->data[n] != ',')
        n++;
    struct slice token = slice_take(*s, n);
    *s = slice_skip(*s, n);
    return token;
}

static bool take_number(struct slice s, uint64_t most, int *out)
{
    uint64_t n;
    if (!slice_parse_u64(s, &n) || n > most)
        return false;
    *out = (int)n;
    return true;
}

static bool take_month(struct slice s, int *out)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++) {
        if (slice_equal_nocase(s, slice_of(names + 3 * i, 3))) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool take_clock(struct slice s, struct tm *tm)
{
    struct slice hour, minute;
    if (!take_until(&s, ':', &hour))
        return false;
    if (!take_until(&s, ':', &minute)) {
        minute = s;
        s = SLICE("0");
    }
    return take_number(hour, 23, &tm->tm_hour) && take_number(minute, 59, &tm->tm_min) &&
           take_number(s, 60, &tm->tm_sec);
}

/* Seconds east of Greenwich; names of zones other than GMT count as UTC [RFC 5322 4.3]. */
static int64_t zone_of(struct slice s)
{
    int n;
    if (s.size != 5 || (s.data[0] != '+' && s.data[0] != '-') ||
        !take_number(slice_skip(s, 1), 9959, &n))
        return 0;
    int64_t seconds = (n / 100) * 3600 + (n % 100) * 60;
    return s.data[0] == '-' ? -seconds : seconds;
}

bool header_date(struct slice value, int64_t *seconds)
{
    struct tm tm = {0};
    int year;
    struct slice token = next_token(&value);
    if (token.size > 0 && (token.data[0] < '0' || token.data[0] > '9'))
        token = next_token(&value); /* the day of the week stood there */
    if (!take_number(token, 31, &tm.tm_mday) || tm.tm_mday == 0 ||
        !take_month(next_token(&value), &tm.tm_mon) ||
        !take_number(token = next_token(&value), 9999, &year) ||
        !take_clock(next_token(&value), &tm))
        return false;
    if (token.size <= 3) /* RFC 5322 4.3: two digits, or three since 1900 */
        year += token.size == 3 || year >= 50 ? 1900 : 2000;
    tm.tm_year = year - 1900;
    *seconds = timegm(&tm) - zone_of(next_token(&value));
    return true;
}
