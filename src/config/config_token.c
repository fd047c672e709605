#include "config/config_token.h"

void config_tokenizer_init(struct config_tokenizer *t, char *text, size_t size)
{
    *t = (struct config_tokenizer){.text = text, .size = size, .line = 1, .column = 1};
}

/* The octet at the cursor, or a line end where the text ends: every word stops there. */
static char peek(const struct config_tokenizer *t)
{
    return t->at < t->size ? t->text[t->at] : '\n';
}

/* Columns count characters: the octets that continue one do not move. */
static void step(struct config_tokenizer *t)
{
    unsigned char c = (unsigned char)t->text[t->at++];
    if (c == '\n') {
        t->line++;
        t->column = 1;
    } else if ((c & 0xc0) != 0x80) {
        t->column++;
    }
}

/* CR too, so that a file edited elsewhere reads the same. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && !is_blank(c) && c != '\n') || c == 0x7f;
}

static void skip_line(struct config_tokenizer *t)
{
    while (t->at < t->size && peek(t) != '\n')
        step(t);
}

static void skip_blanks_and_comment(struct config_tokenizer *t)
{
    while (t->at < t->size && is_blank(peek(t)))
        step(t);
    if (peek(t) == '#')
        skip_line(t);
}

static void fail(struct config_tokenizer *t, struct config_token *k, const char *why)
{
    k->kind = CONFIG_TOKEN_BAD;
    k->text = slice_str(why);
    skip_line(t);
}

static bool ends_word(char c)
{
    return is_blank(c) || c == '\n' || c == '{' || c == '}';
}

static void read_quoted(struct config_tokenizer *t, struct config_token *k)
{
    step(t);
    char *out = t->text + t->at;
    k->kind = CONFIG_TOKEN_WORD;
    k->text = slice_of(out, 0);
    while (peek(t) != '"') {
        char c = peek(t);
        if (c == '\n' || is_control(c)) {
            fail(t, k, c == '\n' ? "the quote is not closed on this line" : "a control character");
            return;
        }
        if (c == '\\') {
            step(t);
            c = peek(t);
            if (c != '"' && c != '\\') {
                fail(t, k, "in quotes a backslash stands only before \" or \\");
                return;
            }
        }
        *out++ = c;
        step(t);
    }
    step(t);
    k->text.size = (size_t)(out - k->text.data);
    if (!ends_word(peek(t)))
        fail(t, k, "a closing quote must end its word");
}

static void read_bare(struct config_tokenizer *t, struct config_token *k)
{
    k->kind = CONFIG_TOKEN_WORD;
    k->text = slice_of(t->text + t->at, 0);
    while (!ends_word(peek(t))) {
        if (peek(t) == '"' || is_control(peek(t))) {
            fail(t, k,
                 peek(t) == '"' ? "a quote inside a word: quote all of it" : "a control character");
            return;
        }
        step(t);
        k->text.size = (size_t)(t->text + t->at - k->text.data);
    }
}

struct config_token config_token_next(struct config_tokenizer *t)
{
    skip_blanks_and_comment(t);
    struct config_token k = {.line = t->line, .column = t->column};
    if (t->at >= t->size) {
        k.kind = CONFIG_TOKEN_END;
        return k;
    }
    char c = peek(t);
    if (c == '"') {
        read_quoted(t, &k);
    } else if (c == '\n' || c == '{' || c == '}') {
        k.kind = c == '\n' ? CONFIG_TOKEN_LINE : c == '{' ? CONFIG_TOKEN_OPEN : CONFIG_TOKEN_CLOSE;
        step(t);
    } else {
        read_bare(t, &k);
    }
    return k;
}
