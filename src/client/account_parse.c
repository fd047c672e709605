#include "client/account_directive.h"
#include "config/config_token.h"

#include <stdlib.h>

struct reading {
    struct config_reader reader;
    struct config_tokenizer tokens;
    struct config_tokenizer before; /* the last token, to take it back */
    const char *file;
    struct account_set *set;
    struct account_block block;    /* the one being read */
    struct account_block *blocks;  /* those read, as many as the set has */
    struct account_block fallback; /* `defaults`, as if it were an account */
    struct account_statement tls;  /* applied after the server, wherever it stands */
    struct account_statement common[ACCOUNT_DIRECTIVES_MAX]; /* its statements */
    bool has_fallback;
    bool is_abandoned; /* another version: the rest would be noise */
};

static struct config_word word_of(const struct reading *f, struct config_token k)
{
    return (struct config_word){k.text, f->file, k.line, k.column};
}

static struct config_token next(struct reading *f)
{
    for (;;) {
        f->before = f->tokens;
        struct config_token k = config_token_next(&f->tokens);
        if (k.kind != CONFIG_TOKEN_BAD)
            return k;
        struct config_word at = word_of(f, k);
        config_fault(&f->reader, &at, "%.*s", SLICE_ARGS(k.text));
    }
}

static void take_back(struct reading *f)
{
    f->tokens = f->before;
}

static void skip_line(struct reading *f)
{
    struct config_token k = next(f);
    while (k.kind == CONFIG_TOKEN_WORD)
        k = next(f);
    take_back(f);
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
static bool read_arguments(struct reading *f, const struct account_directive *d,
                           struct account_statement *s)
{
    struct config_token k = next(f);
    for (; goes_on(d, s, k); k = next(f)) {
        struct config_word at = word_of(f, k);
        if (s->count - 1 == d->most) {
            config_fault(&f->reader, &at, "\"%s\" is too much here; write it as: %s %s",
                         config_show(k.text).text, d->name, d->grammar);
            skip_line(f);
            return false;
        }
        s->words[s->count++] = at;
    }
    take_back(f);
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

static bool is_seen_already(struct reading *f, const struct account_directive *d,
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

static void apply(struct reading *f, const struct account_directive *d,
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

static void read_directive(struct reading *f, struct config_token k, bool is_common)
{
    struct account_statement s = {.count = 1};
    s.words[0] = word_of(f, k);
    const struct account_directive *d = account_directive_find(k.text);
    if (d == NULL) {
        config_fault_unknown(&f->reader, &s.words[0], "directive", ACCOUNT_DIRECTIVES,
                             sizeof *ACCOUNT_DIRECTIVES, ACCOUNT_DIRECTIVE_COUNT);
        skip_line(f);
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
static void skip_inner(struct reading *f, const struct config_word *at)
{
    config_fault(&f->reader, at, "a block within a block");
    for (size_t depth = 1; depth > 0;) {
        struct config_token k = next(f);
        depth += k.kind == CONFIG_TOKEN_OPEN;
        depth -= k.kind == CONFIG_TOKEN_CLOSE;
        if (k.kind == CONFIG_TOKEN_END) {
            take_back(f);
            return;
        }
    }
}

static void read_block(struct reading *f, const struct config_word *open, bool is_common)
{
    bool begins_line = false;
    for (;;) {
        struct config_token k = next(f);
        struct config_word at = word_of(f, k);
        bool is_forgotten = k.kind == CONFIG_TOKEN_WORD && begins_line && opens_block(k.text);
        if (k.kind == CONFIG_TOKEN_END || is_forgotten) {
            config_fault(&f->reader, open, "this block is not closed; add a }");
            take_back(f);
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

/* The brace of a block; false: none, and the line is read over. */
static bool read_open(struct reading *f, const struct config_word *after, const char *form,
                      struct config_word *open)
{
    struct config_token k = next(f);
    *open = word_of(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN)
        return true;
    config_fault(&f->reader, after, "write it as: %s { ... }", form);
    take_back(f);
    skip_line(f);
    k = next(f);
    *open = word_of(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN)
        return true;
    take_back(f);
    return false;
}

static void check_account_name(struct reading *f, const struct config_word *name)
{
    for (size_t i = 0; i < f->set->count; i++) {
        if (slice_equal(slice_str(f->set->list[i].name), name->text))
            config_fault(&f->reader, name, "there is an account %s already, at line %u",
                         f->set->list[i].name, f->blocks[i].name.line);
    }
    if (!account_is_name(name->text))
        config_fault(&f->reader, name,
                     "\"%s\" is no account's name: at most %d letters, digits, -, _ and .",
                     config_show(name->text).text, ACCOUNT_NAME_MAX);
}

/* The block joins those of the file; what it owns goes over to the set. */
static void keep_block(struct reading *f)
{
    size_t count = f->set->count;
    struct account *list = reallocarray(f->set->list, count + 1, sizeof *list);
    if (list != NULL)
        f->set->list = list;
    struct account_block *blocks = reallocarray(f->blocks, count + 1, sizeof *blocks);
    if (blocks != NULL)
        f->blocks = blocks;
    if (list == NULL || blocks == NULL) {
        f->reader.no_memory = true;
        account_wipe(&f->block.account);
        return;
    }
    list[count] = f->block.account;
    blocks[count] = f->block;
    f->set->count++;
}

static void read_account(struct reading *f, const struct config_word *word)
{
    struct config_token k = next(f);
    struct config_word open;
    f->block = (struct account_block){.name = k.kind == CONFIG_TOKEN_WORD ? word_of(f, k) : *word};
    account_defaults(&f->block.account);
    if (k.kind != CONFIG_TOKEN_WORD) {
        config_fault(&f->reader, word, "write it as: account NAME { ... }");
        take_back(f);
    } else {
        check_account_name(f, &f->block.name);
    }
    config_assign(&f->reader, &f->block.account.name, f->block.name.text);
    if (read_open(f, &f->block.name, "account NAME", &open))
        read_block(f, &open, false);
    if (f->tls.count > 0)
        account_take_tls(&f->reader, &f->tls, &f->block.account);
    f->tls.count = 0;
    if (f->block.account.name == NULL || f->set->count == ACCOUNT_COUNT_MAX) {
        if (f->set->count == ACCOUNT_COUNT_MAX)
            config_fault(&f->reader, word, "more than %d accounts", ACCOUNT_COUNT_MAX);
        account_wipe(&f->block.account);
        return;
    }
    keep_block(f);
}

static void read_defaults(struct reading *f, const struct config_word *word)
{
    struct config_word open;
    if (f->has_fallback)
        config_fault(&f->reader, word, "there are defaults already, at line %u",
                     f->fallback.name.line);
    f->block = (struct account_block){.name = *word};
    account_defaults(&f->block.account);
    if (read_open(f, word, "defaults", &open))
        read_block(f, &open, true);
    account_wipe(&f->block.account);
    f->fallback = f->block;
    f->has_fallback = true;
}

/* ---- the whole ---- */

static void read_version(struct reading *f)
{
    struct config_token k = next(f);
    while (k.kind == CONFIG_TOKEN_LINE)
        k = next(f);
    struct config_word at = word_of(f, k);
    if (k.kind != CONFIG_TOKEN_WORD || !slice_equal(k.text, SLICE("config"))) {
        config_fault(&f->reader, &at, "the first line must be: config 1");
        take_back(f);
        return;
    }
    k = next(f);
    at = word_of(f, k);
    if (k.kind != CONFIG_TOKEN_WORD) {
        config_fault(&f->reader, &at, "write it as: config 1");
        take_back(f);
    } else if (!slice_equal(k.text, SLICE("1"))) {
        config_fault(&f->reader, &at, "version \"%s\" is not known here, only 1",
                     config_show(k.text).text);
        f->is_abandoned = true;
    }
}

static void read_top(struct reading *f, struct config_token k)
{
    static const char *const names[] = {"account", "defaults"};
    struct config_word at = word_of(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN || k.kind == CONFIG_TOKEN_CLOSE) {
        config_fault(&f->reader, &at, "a brace that belongs to no block");
    } else if (slice_equal(k.text, SLICE("account"))) {
        read_account(f, &at);
    } else if (slice_equal(k.text, SLICE("defaults"))) {
        read_defaults(f, &at);
    } else if (account_directive_find(k.text) != NULL) {
        config_fault(&f->reader, &at, "%.*s belongs into a block: account NAME { ... }",
                     SLICE_ARGS(k.text));
        skip_line(f);
    } else {
        config_fault_unknown(&f->reader, &at, "directive", names, sizeof *names, 2);
        skip_line(f);
    }
}

/* The defaults hold where the account says nothing. They stood their test when they were read. */
static void apply_defaults(struct reading *f, size_t i)
{
    struct account_block *b = &f->blocks[i];
    for (size_t j = 0; j < ACCOUNT_DIRECTIVE_COUNT; j++) {
        const struct account_directive *d = &ACCOUNT_DIRECTIVES[j];
        bool is_said =
            b->seen[j].line > 0 || (d->instead != NULL && account_seen(b, d->instead) != NULL);
        if (f->common[j].count > 0 && !is_said)
            d->take(&f->reader, &f->common[j], &f->set->list[i]);
    }
    b->account = f->set->list[i];
}

static void read_text(struct reading *f)
{
    read_version(f);
    while (!f->is_abandoned) {
        struct config_token k = next(f);
        if (k.kind == CONFIG_TOKEN_END)
            break;
        if (k.kind != CONFIG_TOKEN_LINE)
            read_top(f, k);
    }
    size_t before = f->reader.errors->count;
    for (size_t i = 0; i < f->set->count && !f->is_abandoned; i++) {
        if (before == 0)
            apply_defaults(f, i);
        account_check(&f->reader, &f->blocks[i]);
    }
}

enum status account_set_parse(const char *file, struct slice text, struct account_set *out,
                              struct config_errors *errors)
{
    *out = (struct account_set){NULL, 0};
    errors->count = 0;
    struct reading *f = calloc(1, sizeof *f);
    char *copy = malloc(text.size + 1);
    bool no_memory = f == NULL || copy == NULL;
    if (!no_memory) {
        if (text.size > 0)
            memcpy(copy, text.data, text.size);
        f->reader = (struct config_reader){.errors = errors, .manual = "poplin-config(5)"};
        f->file = file;
        f->set = out;
        config_tokenizer_init(&f->tokens, copy, text.size);
        read_text(f);
        no_memory = f->reader.no_memory;
        free(f->blocks);
    }
    free(copy);
    free(f);
    if (!no_memory && errors->count == 0)
        return STATUS_OK;
    account_set_wipe(out);
    if (no_memory) {
        struct config_reader r = {.errors = errors};
        struct config_word top = {.file = file, .line = 1, .column = 1};
        config_fault(&r, &top, "no memory to read it");
    }
    return no_memory ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}
