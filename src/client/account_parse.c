#include "client/account_reading.h"

#include <stdlib.h>

static void check_account_name(struct account_reading *f, const struct config_word *name)
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
static void keep_block(struct account_reading *f)
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

static void read_account(struct account_reading *f, const struct config_word *word)
{
    struct config_token k = account_reading_next(f);
    struct config_word open;
    f->block = (struct account_block){
        .name = k.kind == CONFIG_TOKEN_WORD ? account_reading_word(f, k) : *word};
    account_defaults(&f->block.account);
    if (k.kind != CONFIG_TOKEN_WORD) {
        config_fault(&f->reader, word, "write it as: account NAME { ... }");
        account_reading_take_back(f);
    } else {
        check_account_name(f, &f->block.name);
    }
    config_assign(&f->reader, &f->block.account.name, f->block.name.text);
    if (account_block_open(f, &f->block.name, "account NAME", &open))
        account_block_read(f, &open, false);
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

static void read_defaults(struct account_reading *f, const struct config_word *word)
{
    struct config_word open;
    if (f->has_fallback)
        config_fault(&f->reader, word, "there are defaults already, at line %u",
                     f->fallback.name.line);
    f->block = (struct account_block){.name = *word};
    account_defaults(&f->block.account);
    if (account_block_open(f, word, "defaults", &open))
        account_block_read(f, &open, true);
    account_wipe(&f->block.account);
    f->fallback = f->block;
    f->has_fallback = true;
}

/* ---- the whole ---- */

static void read_version(struct account_reading *f)
{
    struct config_token k = account_reading_next(f);
    while (k.kind == CONFIG_TOKEN_LINE)
        k = account_reading_next(f);
    struct config_word at = account_reading_word(f, k);
    if (k.kind != CONFIG_TOKEN_WORD || !slice_equal(k.text, SLICE("config"))) {
        config_fault(&f->reader, &at, "the first line must be: config 1");
        account_reading_take_back(f);
        return;
    }
    k = account_reading_next(f);
    at = account_reading_word(f, k);
    if (k.kind != CONFIG_TOKEN_WORD) {
        config_fault(&f->reader, &at, "write it as: config 1");
        account_reading_take_back(f);
    } else if (!slice_equal(k.text, SLICE("1"))) {
        config_fault(&f->reader, &at, "version \"%s\" is not known here, only 1",
                     config_show(k.text).text);
        f->is_abandoned = true;
    }
}

static void read_top(struct account_reading *f, struct config_token k)
{
    static const char *const names[] = {"account", "defaults"};
    struct config_word at = account_reading_word(f, k);
    if (k.kind == CONFIG_TOKEN_OPEN || k.kind == CONFIG_TOKEN_CLOSE) {
        config_fault(&f->reader, &at, "a brace that belongs to no block");
    } else if (slice_equal(k.text, SLICE("account"))) {
        read_account(f, &at);
    } else if (slice_equal(k.text, SLICE("defaults"))) {
        read_defaults(f, &at);
    } else if (account_directive_find(k.text) != NULL) {
        config_fault(&f->reader, &at, "%.*s belongs into a block: account NAME { ... }",
                     SLICE_ARGS(k.text));
        account_reading_skip_line(f);
    } else {
        config_fault_unknown(&f->reader, &at, "directive", names, sizeof *names, 2);
        account_reading_skip_line(f);
    }
}

/* The defaults hold where the account says nothing. They stood their test when they were read. */
static void apply_defaults(struct account_reading *f, size_t i)
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

static void read_text(struct account_reading *f)
{
    read_version(f);
    while (!f->is_abandoned) {
        struct config_token k = account_reading_next(f);
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
    struct account_reading *f = calloc(1, sizeof *f);
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
