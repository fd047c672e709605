/* Tags, attributes, comments and references [HTML, 13.2.5 Tokenization], one octet at a time. */
#include "mime/mime_html.h"

enum state {
    TEXT,
    REFERENCE,
    OPEN,       /* behind `<` */
    CLOSE_OPEN, /* behind `</` */
    NAME,
    BETWEEN, /* attributes */
    ATTRIBUTE,
    NAMED,    /* behind an attribute's name and a blank */
    ASSIGNED, /* behind `=` */
    DOUBLE_QUOTED,
    SINGLE_QUOTED,
    BARE,
    BANG,      /* behind `<!` */
    BANG_DASH, /* behind `<!-` */
    COMMENT,
    BOGUS, /* `<!…>`, `<?…>` */
    RAW,
    RAW_END, /* behind `</script` */
};

enum attribute { NONE, HREF, ALT, STYLE, SIZE };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Attributes are forgotten by their sizes: clearing the memory of each tag would cost more than
 * reading it. */
static void begin_tag(struct mime_html_token *t, bool is_end)
{
    t->state = NAME;
    t->is_end = is_end;
    t->name_size = 0;
    t->href_size = t->alt_size = t->style_size = 0;
    t->has_href = t->has_alt = t->has_style = t->is_hidden = t->is_tiny = false;
}

static void take_name(struct mime_html_token *t, char c)
{
    if (t->name_size < MIME_HTML_NAME)
        t->name[t->name_size] = lower(c);
    if (t->name_size <= MIME_HTML_NAME)
        t->name_size++;
}

static void begin_attribute(struct mime_html_token *t, char c)
{
    t->state = ATTRIBUTE;
    t->attribute = NONE;
    t->held[0] = lower(c);
    t->held_size = 1;
}

/* The first of a name counts. */
static void name_attribute(struct mime_html_token *t)
{
    struct slice name = slice_of(t->held, t->held_size);
    bool is_image = slice_equal(slice_of(t->name, t->name_size), SLICE("img"));
    t->attribute = NONE;
    if (slice_equal(name, SLICE("href")) && !t->has_href) {
        t->has_href = true;
        t->attribute = HREF;
    } else if (slice_equal(name, SLICE("alt")) && !t->has_alt) {
        t->has_alt = true;
        t->attribute = ALT;
    } else if (slice_equal(name, SLICE("style")) && !t->has_style) {
        t->has_style = true;
        t->attribute = STYLE;
    } else if (slice_equal(name, SLICE("hidden"))) {
        t->is_hidden = true;
    } else if (is_image &&
               (slice_equal(name, SLICE("width")) || slice_equal(name, SLICE("height")))) {
        t->attribute = SIZE;
        t->size_size = 0;
    }
}

static void put(char *to, uint16_t *size, size_t room, char c)
{
    if (*size < room)
        to[(*size)++] = c;
}

static void take_value(struct mime_html_token *t, char c)
{
    switch (t->attribute) {
    case HREF:
        put(t->href, &t->href_size, sizeof t->href, c);
        break;
    case ALT:
        put(t->alt, &t->alt_size, sizeof t->alt, c);
        break;
    case STYLE:
        put(t->style, &t->style_size, sizeof t->style, c);
        break;
    case SIZE:
        put(t->size, &t->size_size, sizeof t->size, c);
        break;
    default:
        break;
    }
}

static void end_value(struct mime_html_token *t)
{
    if (t->attribute == SIZE && mime_html_size_is_nothing(slice_of(t->size, t->size_size)))
        t->is_tiny = true;
    t->attribute = NONE;
    t->state = BETWEEN;
}

static void end_tag(struct mime_html *h)
{
    struct mime_html_token *t = &h->token;
    enum mime_html_tag tag = mime_html_tag_find(slice_of(t->name, t->name_size));
    t->state = TEXT;
    if (t->is_end) {
        mime_html_element_end(h, tag);
        return;
    }
    mime_html_element_start(h, tag);
    if (tag == HTML_RAW) {
        memcpy(t->raw, t->name, t->name_size);
        t->raw_size = t->name_size;
        t->dashes = 0;
        t->state = RAW;
    }
}

static void take_between(struct mime_html *h, char c)
{
    if (c == '>')
        end_tag(h);
    else if (!is_blank(c) && c != '/')
        begin_attribute(&h->token, c);
}

static void take_attribute(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    if (c == '=') {
        name_attribute(t);
        t->state = ASSIGNED;
    } else if (c == '>' || c == '/') {
        name_attribute(t);
        t->state = BETWEEN;
        take_between(h, c);
    } else if (is_blank(c)) {
        t->state = NAMED;
    } else if (t->held_size < sizeof t->held) {
        t->held[t->held_size++] = lower(c);
    }
}

static void take_named(struct mime_html *h, char c)
{
    if (is_blank(c))
        return;
    name_attribute(&h->token);
    h->token.state = c == '=' ? ASSIGNED : BETWEEN;
    if (c != '=')
        take_between(h, c);
}

static void take_assigned(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    if (c == '"' || c == '\'') {
        t->state = c == '"' ? DOUBLE_QUOTED : SINGLE_QUOTED;
    } else if (c == '>') {
        end_value(t);
        end_tag(h);
    } else if (!is_blank(c)) {
        t->state = BARE;
        take_value(t, c);
    }
}

static void take_quoted(struct mime_html_token *t, char c, char quote)
{
    if (c == quote)
        end_value(t);
    else
        take_value(t, c);
}

static void take_bare(struct mime_html *h, char c)
{
    if (is_blank(c)) {
        end_value(&h->token);
    } else if (c == '>') {
        end_value(&h->token);
        end_tag(h);
    } else {
        take_value(&h->token, c);
    }
}

/* Behind `<!--` it is as if two dashes had been met: `<!-->` is a comment [HTML, 13.2.5.43]. */
static void take_comment(struct mime_html_token *t, char c)
{
    if (c == '-')
        t->dashes = t->dashes < 2 ? (uint8_t)(t->dashes + 1) : 2;
    else if (c == '>' && t->dashes == 2)
        t->state = TEXT;
    else if (!(c == '!' && t->dashes == 2))
        t->dashes = 0;
}

static void take_bang(struct mime_html_token *t, char c)
{
    if (c == '-' && t->state == BANG) {
        t->state = BANG_DASH;
    } else if (c == '-') {
        t->state = COMMENT;
        t->dashes = 2;
    } else {
        t->state = c == '>' ? TEXT : BOGUS;
    }
}

static void take_open(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    if (is_letter(c)) {
        begin_tag(t, false);
        take_name(t, c);
    } else if (c == '/') {
        t->state = CLOSE_OPEN;
    } else if (c == '!') {
        t->state = BANG;
    } else if (c == '?') {
        t->state = BOGUS;
    } else {
        t->state = TEXT;
        mime_html_text(h, SLICE("<"));
        mime_html_token_take(h, c);
    }
}

static void take_close_open(struct mime_html_token *t, char c)
{
    if (is_letter(c)) {
        begin_tag(t, true);
        take_name(t, c);
    } else {
        t->state = c == '>' ? TEXT : BOGUS;
    }
}

static void take_tag_name(struct mime_html *h, char c)
{
    if (is_blank(c) || c == '/') {
        h->token.state = BETWEEN;
    } else if (c == '>') {
        end_tag(h);
    } else {
        take_name(&h->token, c);
    }
}

/* `dashes` counts the octets of `</name` that matched; only `<` can begin it anew. */
static void take_raw(struct mime_html_token *t, char c)
{
    size_t at = t->dashes;
    char wanted = at == 0 ? '<' : at == 1 ? '/' : t->raw[at - 2];
    if (lower(c) == wanted) {
        t->dashes++;
        if (t->dashes == t->raw_size + 2)
            t->state = RAW_END;
    } else {
        t->dashes = c == '<';
    }
}

static void take_raw_end(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    if (!is_blank(c) && c != '/' && c != '>') {
        t->state = RAW;
        t->dashes = c == '<';
        return;
    }
    begin_tag(t, true);
    memcpy(t->name, t->raw, t->raw_size);
    t->name_size = t->raw_size;
    t->state = BETWEEN;
    take_between(h, c);
}

static void end_reference(struct mime_html *h)
{
    struct mime_html_token *t = &h->token;
    char text[2 * MIME_HTML_POINT];
    size_t used = 0;
    struct slice held = slice_of(t->held, t->held_size);
    size_t n = mime_html_entity_decode(held, false, &used, text);
    t->state = TEXT;
    if (n > 0)
        mime_html_text(h, slice_of(text, n));
    mime_html_text(h, slice_skip(held, n > 0 ? used : 0));
}

static void take_reference(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    bool is_part = is_letter(c) || (c >= '0' && c <= '9') || (c == '#' && t->held_size == 1);
    if (is_part && t->held_size < sizeof t->held - 1) {
        t->held[t->held_size++] = c;
        return;
    }
    if (c == ';')
        t->held[t->held_size++] = c;
    end_reference(h);
    if (c != ';')
        mime_html_token_take(h, c);
}

static void take_text(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    if (c == '<') {
        t->state = OPEN;
    } else if (c == '&') {
        t->state = REFERENCE;
        t->held[0] = c;
        t->held_size = 1;
    } else {
        mime_html_text(h, slice_of(&c, 1));
    }
}

void mime_html_token_take(struct mime_html *h, char c)
{
    struct mime_html_token *t = &h->token;
    switch ((enum state)t->state) {
    case TEXT:
        take_text(h, c);
        break;
    case REFERENCE:
        take_reference(h, c);
        break;
    case OPEN:
        take_open(h, c);
        break;
    case CLOSE_OPEN:
        take_close_open(t, c);
        break;
    case NAME:
        take_tag_name(h, c);
        break;
    case BETWEEN:
        take_between(h, c);
        break;
    case ATTRIBUTE:
        take_attribute(h, c);
        break;
    case NAMED:
        take_named(h, c);
        break;
    case ASSIGNED:
        take_assigned(h, c);
        break;
    case DOUBLE_QUOTED:
    case SINGLE_QUOTED:
        take_quoted(t, c, t->state == DOUBLE_QUOTED ? '"' : '\'');
        break;
    case BARE:
        take_bare(h, c);
        break;
    case BANG:
    case BANG_DASH:
        take_bang(t, c);
        break;
    case COMMENT:
        take_comment(t, c);
        break;
    case BOGUS:
        t->state = c == '>' ? TEXT : BOGUS;
        break;
    case RAW:
        take_raw(t, c);
        break;
    case RAW_END:
        take_raw_end(h, c);
        break;
    }
}

void mime_html_token_end(struct mime_html *h)
{
    if (h->token.state == REFERENCE)
        end_reference(h);
    else if (h->token.state == OPEN)
        mime_html_text(h, SLICE("<"));
    h->token.state = TEXT;
}
