/* Which charset the text of a part is in: what its label says, when that can be. */
#include "mime/mime_message.h"

/* The first decoded octets of a text. */
struct sample {
    struct slice text;
    bool is_utf8; /* all of it is right in UTF-8; a character that its end cuts is not */
};

/* `body` stands behind them. */
static struct sample sample_of(struct mime_message *m, uint32_t part, struct mime_body *body)
{
    static const size_t room = MIME_TEXT_SAMPLE + 4 * (size_t)TRANSFER_ROOM;
    size_t n = 0;
    mime_body_open(m, part, body);
    if (!m->sample)
        m->sample = arena_take(m->arena, room, 1);
    if (!m->sample)
        return (struct sample){{"", 0}, true};
    for (size_t more = 1; more > 0 && room - n >= 2 * (size_t)TRANSFER_ROOM; n += more)
        more = mime_body_read(body, m->sample + n, room - n);
    return (struct sample){slice_of(m->sample, n), charset_is_utf8(slice_of(m->sample, n))};
}

/* Characters of the sample that the charset does not have. A character that the sample's end cuts
 * is none of them. */
static uint64_t invalid_in(struct slice sample, enum charset c)
{
    char out[1024];
    struct charset_decoder d;
    charset_init(&d, c);
    while (sample.size > 0)
        (void)charset_feed(&d, &sample, out, sizeof out);
    return d.invalid;
}

static struct slice find_nocase(struct slice s, struct slice wanted)
{
    for (; s.size >= wanted.size; s = slice_skip(s, 1)) {
        if (slice_equal_nocase(slice_take(s, wanted.size), wanted))
            return slice_skip(s, wanted.size);
    }
    return (struct slice){"", 0};
}

/* What a <meta> among the first octets says. */
static enum charset charset_of_meta(struct slice html)
{
    struct slice head = slice_take(html, html.size < 2048 ? html.size : 2048);
    struct slice name = find_nocase(find_nocase(head, SLICE("<meta")), SLICE("charset="));
    if (name.size > 0 && (name.data[0] == '"' || name.data[0] == '\''))
        name = slice_skip(name, 1);
    size_t n = 0;
    while (n < name.size && n < 40 && name.data[n] != '"' && name.data[n] != '\'' &&
           name.data[n] != '>' && name.data[n] != ';' && name.data[n] != ' ' && name.data[n] != '/')
        n++;
    return n > 0 ? charset_find(slice_take(name, n)) : CHARSET_UNKNOWN;
}

static bool is_ascii_superset(enum charset c)
{
    return c < CHARSET_UTF_16 || c > CHARSET_UTF_32LE;
}

/* A label is false when octets contradict it: few of many are damage, and the label stays. */
static bool is_false(struct sample sample, enum charset c)
{
    uint64_t high = 0;
    if (c == CHARSET_UTF_8 && sample.is_utf8)
        return false;
    uint64_t invalid = invalid_in(sample.text, c);
    if (invalid == 0)
        return false;
    for (size_t i = 0; i < sample.text.size; i++)
        high += (unsigned char)sample.text.data[i] >= 0x80;
    return invalid * 20 > high;
}

static bool is_utf8_so_far(struct sample sample)
{
    return sample.is_utf8 || invalid_in(sample.text, CHARSET_UTF_8) == 0;
}

static enum charset guess(struct mime_message *m, uint32_t part, struct sample sample,
                          enum charset hint)
{
    enum charset c = is_utf8_so_far(sample) ? CHARSET_UTF_8 : charset_guess(sample.text, hint);
    mime_parser_add_defect(&m->parser, MIME_DEFECT_CHARSET_GUESSED, part,
                           m->parser.parts[part].body);
    return c;
}

static enum charset unlabelled(struct mime_message *m, uint32_t part, struct sample sample)
{
    const struct mime_part *p = &m->parser.parts[part];
    enum charset meta = CHARSET_UNKNOWN;
    if (slice_equal(p->type, SLICE("text/html")))
        meta = charset_of_meta(sample.text);
    if (charset_is_ascii(sample.text)) {
        enum charset escapes = charset_guess(sample.text, CHARSET_UNKNOWN);
        return escapes == CHARSET_ISO_2022_JP || escapes == CHARSET_HZ ? escapes : CHARSET_UTF_8;
    }
    if (meta != CHARSET_UNKNOWN && is_ascii_superset(meta) && !is_utf8_so_far(sample) &&
        !is_false(sample, meta))
        return meta;
    return guess(m, part, sample, m->hint);
}

/* UTF-8 too where the sample had nothing but ASCII: what comes behind it may be more. */
static enum charset choose(struct mime_message *m, uint32_t part, struct sample sample)
{
    const struct mime_part *p = &m->parser.parts[part];
    enum charset declared = charset_find(p->charset);
    if (p->charset.size == 0)
        return unlabelled(m, part, sample);
    if (declared == CHARSET_UNKNOWN) {
        mime_parser_add_defect(&m->parser, MIME_DEFECT_CHARSET_UNKNOWN, part, p->header);
        return unlabelled(m, part, sample);
    }
    if (declared == CHARSET_US_ASCII)
        return charset_is_ascii(sample.text) ? CHARSET_UTF_8 : guess(m, part, sample, m->hint);
    if (!is_false(sample, declared))
        return declared;
    return guess(m, part, sample, declared == CHARSET_UTF_8 ? m->hint : declared);
}

/* A body that is all in the sample is not decoded again; what is right in UTF-8 is text as it
 * stands. The sample itself is the message's: the next text overwrites it. */
static void begin_decoded(struct mime_text *t, struct sample sample)
{
    memcpy(t->chunk, sample.text.data, sample.text.size);
    bool is_text = t->charset.charset == CHARSET_UTF_8 && sample.is_utf8;
    *(is_text ? &t->ready : &t->rest) = slice_of(t->chunk, sample.text.size);
}

void mime_text_open(struct mime_message *m, uint32_t part, struct mime_text *t)
{
    t->is_last = t->after_cr = false;
    t->rest = t->ready = (struct slice){"", 0};
    struct sample sample = sample_of(m, part, &t->body);
    charset_init(&t->charset, choose(m, part, sample));
    if (t->body.is_done && sample.text.size <= sizeof t->chunk)
        begin_decoded(t, sample);
    else
        mime_body_open(m, part, &t->body);
}
