#include "client/account_reading.h"

struct config_word account_reading_word(const struct account_reading *f, struct config_token k)
{
    return (struct config_word){k.text, f->file, k.line, k.column};
}

struct config_token account_reading_next(struct account_reading *f)
{
    for (;;) {
        f->before = f->tokens;
        struct config_token k = config_token_next(&f->tokens);
        if (k.kind != CONFIG_TOKEN_BAD)
            return k;
        struct config_word at = account_reading_word(f, k);
        config_fault(&f->reader, &at, "%.*s", SLICE_ARGS(k.text));
    }
}

void account_reading_take_back(struct account_reading *f)
{
    f->tokens = f->before;
}

void account_reading_skip_line(struct account_reading *f)
{
    struct config_token k = account_reading_next(f);
    while (k.kind == CONFIG_TOKEN_WORD)
        k = account_reading_next(f);
    account_reading_take_back(f);
}

/* ---- one directive within a block ---- */

/* Whether this word is still the statement's: `timeout 60s pipeline 64` are two in one line. */
static bool goes_on(const struct account_directive *d, const struct account_statement *s,
                    struct config_token k)
{
    if (k.kind != CONFIG_TOKEN_WORD)
        return false;
    if (d->takes_line || s->count - 1 < d->least)
        return true;
    return account_directive_find(k.text) == NULL;
}

/* Reads the arguments; false: there are too many. */
static bool read_arguments(struct account_reading *f, const struct account_directive *d,
                           struct account_statement *s)
{
    struct config_token k = account_reading_next(f);
    for (; goes_on(d, s, k); k = account_reading_next(f)) {
        struct config_word at = account_reading_word(f, k);
        if (s->count - 1 == d->most) {
            config_fault(&f->reader, &at, "\"%s\" is too much here; write it as: %s %s",
                         config_show(k.text).text, d->name, d->grammar);
            account_reading_skip_line(f);
            return false;
        }
        s->words[s->count++] = at;
    }
    account_reading_take_back(f);
    return true;
}

/* Words go to servers, to the shell and to the file system: none may end a line or a string early
 * (A54). The tokenizer lets a CR pass within quotes. */
static bool has_control(struct config_reader *r, const struct account_statement *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct slice text = s->words[i].text;
        for (size_t j = 0; j < text.size; j++) {
            unsigned char c = (unsigned char)text.data[j];
            if ((c < 0x20 && c != '\t') || c == 0x7f) {
                config_fault(r, &s->words[i], "a control character");
                return true;
            }
        }
    }
    return false;
}

static bool is_seen_already(struct account_reading *f, const struct account_directive *d,
                            const struct config_word *at)
{
    const struct config_word *same = account_seen(&f->block, d->name);
    const struct config_word *other =
        d->instead != NULL ? account_seen(&f->block, d->instead) : NULL;
    if (same != NULL)
        config_fault(&f->reader, at, "%s is set already at line %u", d->name, same->line);
    else if (other != NULL)
        config_fault(&f->reader, at, "%s is set already at line %u; only one of both", d->instead,
                     other->line);
    return same != NULL || other != NULL;
}

static void apply(struct account_reading *f, const struct account_directive *d,
                  const struct account_statement *s, bool is_common)
{
    const struct config_word *name = &s->words[0];
    size_t i = (size_t)(d - ACCOUNT_DIRECTIVES);
    if (is_common && d->is_own) {
        config_fault(&f->reader, name, "%s belongs into an account, not into defaults", d->name);
        return;
    }
    if (is_seen_already(f, d, name))
        return;
    f->block.seen[i] = *name;
    if (s->count - 1 < d->least) {
        config_fault(&f->reader, name, "write it as: %s %s", d->name, d->grammar);
        return;
    }
    if (has_control(&f->reader, s))
        return;
    if (d->take == account_take_tls)
        f->tls = *s;
    else
        d->take(&f->reader, s, &f->block.account);
    if (is_common)
        f->common[i] = *s;
}

static void read_directive(struct account_reading *f, struct config_token k, bool is_common)
{
    struct account_statement s = {.count = 1};
    s.words[0] = account_reading_word(f, k);
    const struct account_directive *d = account_directive_find(k.text);
    if (d == NULL) {
        config_fault_unknown(&f->reader, &s.words[0], "directive", ACCOUNT_DIRECTIVES,
                             sizeof *ACCOUNT_DIRECTIVES, ACCOUNT_DIRECTIVE_COUNT);
        account_reading_skip_line(f);
        return;
    }
    if (read_arguments(f, d, &s))
        apply(f, d, &s, is_common);
}

/* ---- blocks ---- */

static bool opens_block(struct slice word)
{
    return slice_equal(word, SLICE("account")) || slice_equal(word, SLICE("defaults"));
}

/* Over an inner block, which is a fault, brace and all. */
static void skip_inner(struct account_reading *f, const struct config_word *at)
{
    config_fault(&f->reader, at, "a block within a block");
    for (size_t depth = 1; depth > 0;) {
        struct config_token k = account_reading_next(f);
        depth += k.kind == CONFIG_TOKEN_OPEN;
        depth -= k.kind == CONFIG_TOKEN_CLOSE;
        if (k.kind == CONFIG_TOKEN_END) {
            account_reading_take_back(f);
            return;
        }
    }
}

void account_block_read(struct account_reading *f, const struct config_word *open, bool is_common)
{
    bool begins_line = false;
    for (;;) {
        struct config_token k = account_reading_next(f);
        struct config_word at = account_reading_word(f, k);
        bool is_forgotten = k.kind == CONFIG_TOKEN_WORD && begins_line && opens_block(k.text);
        if (k.kind == CONFIG_TOKEN_END || is_forgotten) {
            config_fault(&f->reader, open, "this block is not closed; add a }");
            account_reading_take_back(f);
            return;
        }
        if (k.kind == CONFIG_TOKEN_CLOSE)
            return;
        if (k.kind == CONFIG_TOKEN_OPEN)
            skip_inner(f, &at);
        if (k.kind == CONFIG_TOKEN_WORD)
            read_directive(f, k, is_common);
        begins_line = k.kind == CONFIG_TOKEN_LINE;
    }
}

bool account_block_open(struct account_reading *f, const struct config_word *after,
                        const char *form, struct config_word *open)
{
    struct config_token k = account_reading_next(f);
    *open = account_reading_word(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN)
        return true;
    config_fault(&f->reader, after, "write it as: %s { ... }", form);
    account_reading_take_back(f);
    account_reading_skip_line(f);
    k = account_reading_next(f);
    *open = account_reading_word(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN)
        return true;
    account_reading_take_back(f);
    return false;
}
