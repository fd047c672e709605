/* The octets of adjacent words of one charset go through one decoder, as if they were one word; the
 * first of them are looked at before, to see whether the charset is true. */
#include "codec/encoded_word.h"

#include "codec/encoded_word_scan.h"
#include "codec/transfer.h"

/* What is looked at to judge a charset. Words are of 75 octets, so this is many of them. */
enum { SAMPLE = 1024, CHUNK = 512 };

enum { ESC = 0x1b };

struct decoding {
    struct buf *out;
    enum charset near; /* what raw octets and words of no charset are tried with first */
    unsigned met;
    bool after_cr;
    /* The words that are being joined. */
    bool is_open;
    bool is_decided;       /* the decoder is set up and the sample went through it */
    struct slice name;     /* of the charset, as it stands */
    enum charset declared; /* of that name */
    struct transfer transfer;
    struct charset_decoder decoder;
    char sample[SAMPLE];
    size_t sample_size;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_all_blank(struct slice s)
{
    size_t i = 0;
    while (i < s.size && is_blank(s.data[i]))
        i++;
    return i == s.size;
}

/* Text that does not fit is cut at a character, and nothing is put behind the cut. */
static void append(struct buf *out, struct slice text)
{
    if (out->overflow)
        return;
    size_t size = text.size;
    if (size > buf_room(out)) {
        size = buf_room(out);
        while (size > 0 && ((uint8_t)text.data[size] & 0xc0) == 0x80)
            size--;
    }
    (void)buf_put(out, slice_take(text, size));
    out->overflow |= size < text.size;
}

/* Decoded text: no NUL and no line end leaves here; CRLF is one blank. */
static void put_text(struct decoding *d, struct slice text)
{
    while (text.size > 0) {
        size_t run = 0;
        while (run < text.size && text.data[run] != '\0' && text.data[run] != '\r' &&
               text.data[run] != '\n')
            run++;
        if (run > 0) {
            append(d->out, slice_take(text, run));
            d->after_cr = false;
            text = slice_skip(text, run);
            continue;
        }
        char c = text.data[0];
        if (c == '\0')
            append(d->out, SLICE("\xef\xbf\xbd"));
        else if (c == '\r' || !d->after_cr)
            append(d->out, SLICE(" "));
        d->after_cr = c == '\r';
        text = slice_skip(text, 1);
    }
}

static void put_octets(struct decoding *d, struct slice octets)
{
    if (d->decoder.charset == CHARSET_UTF_8 && d->decoder.held_size == 0 &&
        charset_is_utf8(octets)) {
        put_text(d, octets);
        return;
    }
    char text[CHUNK];
    while (octets.size > 0) {
        size_t n = charset_feed(&d->decoder, &octets, text, sizeof text);
        put_text(d, slice_of(text, n));
    }
}

static void end_octets(struct decoding *d)
{
    char text[CHUNK];
    size_t n = charset_end(&d->decoder, text);
    put_text(d, slice_of(text, n));
    if (d->decoder.invalid > 0)
        d->met |= ENCODED_WORD_INVALID;
}

/* How a sample reads in a charset. A last character that is cut counts only when no more of it is
 * there than one octet, which is rather another charset's than the front of a character. */
struct reading {
    uint64_t invalid;
    uint64_t valid; /* characters that are not ASCII */
};

static struct reading read_as(enum charset charset, struct slice sample)
{
    char text[CHUNK];
    uint64_t characters = 0;
    struct charset_decoder decoder;
    charset_init(&decoder, charset);
    while (sample.size > 0) {
        size_t n = charset_feed(&decoder, &sample, text, sizeof text);
        for (size_t i = 0; i < n; i++)
            characters += (uint8_t)text[i] >= 0xc0;
    }
    return (struct reading){decoder.invalid + (decoder.held_size == 1),
                            characters > decoder.invalid ? characters - decoder.invalid : 0};
}

static bool is_false(enum charset charset, struct slice sample)
{
    if (charset == CHARSET_UNKNOWN)
        return true;
    if (charset_is_ascii(sample))
        return false;
    if (charset == CHARSET_US_ASCII)
        return true;
    if (charset == CHARSET_UTF_8 && charset_is_utf8(sample))
        return false;
    struct reading declared = read_as(charset, sample);
    if (declared.invalid == 0)
        return false;
    if (charset == CHARSET_UTF_8)
        return declared.valid == 0;
    struct reading other = read_as(CHARSET_UTF_8, sample);
    return other.invalid == 0 && other.valid > 0;
}

/* Text of UTF-8 with a few broken octets is nothing else: other charsets do not look like it. */
static enum charset guess(struct slice text, enum charset near)
{
    struct reading utf8 = read_as(CHARSET_UTF_8, text);
    if (utf8.valid >= 4 && utf8.valid >= 4 * utf8.invalid)
        return CHARSET_UTF_8;
    return charset_guess(text, near);
}

static void decide(struct decoding *d)
{
    struct slice sample = slice_of(d->sample, d->sample_size);
    enum charset charset = d->declared;
    if (is_false(charset, sample)) {
        d->met |= ENCODED_WORD_CHARSET;
        charset = guess(sample, d->near);
    }
    d->is_decided = true;
    d->near = charset;
    charset_init(&d->decoder, charset);
    put_octets(d, sample);
}

static void add_octets(struct decoding *d, struct slice octets)
{
    if (!d->is_decided) {
        size_t room = SAMPLE - d->sample_size;
        size_t size = octets.size < room ? octets.size : room;
        memcpy(d->sample + d->sample_size, octets.data, size);
        d->sample_size += size;
        octets = slice_skip(octets, size);
        if (d->sample_size == SAMPLE)
            decide(d);
    }
    if (octets.size > 0)
        put_octets(d, octets);
}

static void end_transfer(struct decoding *d)
{
    char last[TRANSFER_ROOM];
    size_t n = transfer_end(&d->transfer, last);
    add_octets(d, slice_of(last, n));
    if (d->transfer.defects != 0)
        d->met |= d->transfer.encoding == TRANSFER_BASE64 ? (unsigned)ENCODED_WORD_PADDING
                                                          : (unsigned)ENCODED_WORD_BROKEN;
}

static void close_words(struct decoding *d)
{
    if (!d->is_open)
        return;
    end_transfer(d);
    if (!d->is_decided)
        decide(d);
    end_octets(d);
    d->is_open = false;
}

static void open_words(struct decoding *d, const struct encoded_word *word, enum charset charset)
{
    d->is_open = true;
    d->is_decided = false;
    d->sample_size = 0;
    d->name = word->charset;
    d->declared = charset;
    transfer_init(&d->transfer, word->is_base64 ? TRANSFER_BASE64 : TRANSFER_Q);
}

/* Is an unfinished quantum continued by this text? Not when all that is missing may be padding (the
 * bits left over are 0) and the text has whole quanta of its own. */
static bool continues_quantum(const struct transfer *t, struct slice text)
{
    bool is_unfinished = t->encoding == TRANSFER_BASE64 && t->count != 0;
    unsigned left_over = t->count == 2 ? t->bits & 0xf : t->count == 3 ? t->bits & 3 : 1;
    return is_unfinished && (left_over != 0 || text.size % 4 != 0);
}

/* Folding within a word: its line ends mean nothing, the blanks stay (in Q, which has them). */
static void add_text(struct decoding *d, struct slice text)
{
    char octets[CHUNK];
    size_t run;
    for (; text.size > 0; text = slice_skip(text, run < text.size ? run + 1 : run)) {
        for (run = 0; run < text.size && text.data[run] != '\r' && text.data[run] != '\n';)
            d->met |= is_blank(text.data[run++]) ? ENCODED_WORD_BLANKS : 0U;
        struct slice line = slice_take(text, run);
        while (line.size > 0) {
            size_t n = transfer_feed(&d->transfer, &line, octets, sizeof octets);
            add_octets(d, slice_of(octets, n));
        }
    }
}

static void add_word(struct decoding *d, const struct encoded_word *word)
{
    bool is_same_name = slice_equal_nocase(word->charset, d->name);
    enum charset charset = is_same_name ? d->declared : charset_find(word->charset);
    bool is_same =
        d->is_open && charset == d->declared && (charset != CHARSET_UNKNOWN || is_same_name);
    if (!is_same) {
        close_words(d);
        open_words(d, word, charset);
    } else if (!word->is_base64 || !continues_quantum(&d->transfer, word->text)) {
        end_transfer(d);
        transfer_init(&d->transfer, word->is_base64 ? TRANSFER_BASE64 : TRANSFER_Q);
    }
    add_text(d, word->text);
}

/* The text without the line ends of folding. A line end that no blank follows becomes one, but not
 * at the value's end. */
static void put_unfolded(struct decoding *d, struct slice text, bool is_last)
{
    while (text.size > 0) {
        size_t run = 0;
        while (run < text.size && text.data[run] != '\r' && text.data[run] != '\n')
            run++;
        put_octets(d, slice_take(text, run));
        text = slice_skip(text, run);
        size_t ends = 0;
        while (ends < text.size && (text.data[ends] == '\r' || text.data[ends] == '\n'))
            ends++;
        text = slice_skip(text, ends);
        bool is_folding = text.size == 0 ? is_last : text.data[0] == ' ' || text.data[0] == '\t';
        if (ends > 0 && !is_folding)
            put_octets(d, SLICE(" "));
    }
}

static bool may_be_shifted(struct slice text)
{
    return memchr(text.data, ESC, text.size) != NULL || memmem(text.data, text.size, "~{", 2);
}

/* Text outside of words. `next`: the charset of the word that follows. */
static void put_raw(struct decoding *d, struct slice text, struct slice next, bool is_last)
{
    if (text.size == 0)
        return;
    enum charset charset = CHARSET_UTF_8;
    if (!charset_is_ascii(text) || may_be_shifted(text)) {
        charset = guess(text, d->near == CHARSET_UNKNOWN ? charset_find(next) : d->near);
        if (charset != CHARSET_UTF_8 && charset != CHARSET_US_ASCII)
            d->met |= ENCODED_WORD_RAW;
        d->near = charset;
    }
    charset_init(&d->decoder, charset);
    put_unfolded(d, text, is_last);
    end_octets(d);
}

/* Blanks are due on both sides of a word, within quotes and comments too. */
static void look_around(struct decoding *d, struct slice value, const struct encoded_word *word)
{
    char before = word->begin > 0 ? value.data[word->begin - 1] : ' ';
    char behind = word->end < value.size ? value.data[word->end] : ' ';
    bool may_begin = is_blank(before) || before == '"' || before == '(';
    bool may_end = is_blank(behind) || behind == '"' || behind == ')';
    if (!may_begin || !may_end)
        d->met |= ENCODED_WORD_BLANKS;
}

unsigned encoded_word_decode(struct slice value, enum charset *hint, struct buf *out)
{
    struct decoding d = {.out = out, .near = *hint};
    struct encoded_word_scan scan = encoded_word_scan_of(value);
    struct encoded_word word;
    size_t at = 0;
    while (encoded_word_scan_next(&scan, &word)) {
        struct slice before = slice_take(slice_skip(value, at), word.begin - at);
        if (!d.is_open || !is_all_blank(before)) {
            close_words(&d);
            put_raw(&d, before, word.charset, false);
        }
        look_around(&d, value, &word);
        add_word(&d, &word);
        at = word.end;
    }
    close_words(&d);
    put_raw(&d, slice_skip(value, at), SLICE(""), true);
    if (scan.is_broken)
        d.met |= ENCODED_WORD_BROKEN;
    *hint = d.near;
    return d.met;
}
