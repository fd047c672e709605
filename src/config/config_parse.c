#include "config/config_directive.h"
#include "config/config_token.h"

#include <stdlib.h>

/* One file while it is read. */
struct reading {
    struct config_reader *reader;
    struct config_tokenizer tokens;
    struct config_tokenizer before; /* the last token, to take it back */
    const char *file;
    bool is_main;
    bool is_first;     /* no statement was read yet */
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
        config_fault(f->reader, &at, "%.*s", SLICE_ARGS(k.text));
    }
}

/* The next directive stands where a setting could: the brace was forgotten. */
static bool is_next_directive(const struct config_statement *s, struct slice word)
{
    const struct config_directive *d = config_directive_find(s->words[0].text);
    for (size_t i = 0; d != NULL && i < d->setting_count; i++) {
        if (slice_equal(word, slice_str(d->settings[i].name)))
            return false;
    }
    return config_directive_find(word) != NULL;
}

static void add_block_word(struct reading *f, struct config_statement *s, struct config_word at)
{
    if (s->block_count < CONFIG_BLOCK_MAX)
        s->block[s->block_count] = at;
    if (s->block_count++ == CONFIG_BLOCK_MAX)
        config_fault(f->reader, &at, "too many words in a block");
}

/* Reads up to the brace that closes the block, true, or to where the statement ends without one. An
 * inner block is a fault and is read over. */
static bool read_block(struct reading *f, struct config_statement *s)
{
    size_t inner = 0;
    bool begins_line = false;
    for (;;) {
        struct config_token k = next(f);
        struct config_word at = word_of(f, k);
        bool is_word = k.kind == CONFIG_TOKEN_WORD;
        if (k.kind == CONFIG_TOKEN_END ||
            (is_word && begins_line && is_next_directive(s, k.text))) {
            config_fault(f->reader, &s->open, "this block is not closed; add a }");
            f->tokens = f->before;
            return false;
        }
        if (k.kind == CONFIG_TOKEN_CLOSE && inner-- == 0)
            return true;
        if (k.kind == CONFIG_TOKEN_OPEN && inner++ == 0)
            config_fault(f->reader, &at, "a block within a block");
        if (is_word && inner == 0)
            add_block_word(f, s, at);
        begins_line = k.kind == CONFIG_TOKEN_LINE;
    }
}

static void add_word(struct reading *f, struct config_statement *s, struct config_word at)
{
    if (s->has_block) {
        config_fault(f->reader, &at, "\"%s\" after a block; begin a new line",
                     config_show(at.text).text);
        return;
    }
    if (s->count < CONFIG_WORDS_MAX)
        s->words[s->count] = at;
    if (s->count++ == CONFIG_WORDS_MAX)
        config_fault(f->reader, &at, "too many words in a line");
}

/* False: the text is at its end and nothing was read. Counts never exceed the arrays. */
static bool read_statement(struct reading *f, struct config_statement *s)
{
    s->count = s->block_count = 0;
    s->has_block = false;
    for (;;) {
        struct config_token k = next(f);
        struct config_word at = word_of(f, k);
        if (k.kind == CONFIG_TOKEN_END || k.kind == CONFIG_TOKEN_LINE) {
            if (s->count > 0 || k.kind == CONFIG_TOKEN_END)
                break;
        } else if (k.kind == CONFIG_TOKEN_WORD) {
            add_word(f, s, at);
        } else if (k.kind == CONFIG_TOKEN_OPEN && s->count > 0 && !s->has_block) {
            s->has_block = true;
            s->open = at;
            if (!read_block(f, s))
                break;
        } else {
            config_fault(f->reader, &at, "a brace that belongs to no directive");
        }
    }
    if (s->count > CONFIG_WORDS_MAX)
        s->count = CONFIG_WORDS_MAX;
    if (s->block_count > CONFIG_BLOCK_MAX)
        s->block_count = CONFIG_BLOCK_MAX;
    return s->count > 0;
}

/* Every known word a line may begin with, for "did you mean". */
static void fault_directive(struct config_reader *r, const struct config_word *name)
{
    const char *names[CONFIG_DIRECTIVES_MAX + 1] = {"include"};
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++)
        names[i + 1] = CONFIG_DIRECTIVES[i].name;
    config_fault_unknown(r, name, "directive", names, sizeof *names, CONFIG_DIRECTIVE_COUNT + 1);
}

static void apply_directive(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *name = &s->words[0];
    const struct config_directive *d = config_directive_find(name->text);
    if (d == NULL) {
        fault_directive(r, name);
        return;
    }
    struct config_word *seen = &r->seen[d - CONFIG_DIRECTIVES];
    if (seen->line > 0 && !d->repeats)
        config_fault(r, name, "%s is set already at %s:%u", d->name, seen->file, seen->line);
    if (seen->line == 0)
        *seen = *name;
    if (s->count - 1 < d->least || s->count - 1 > d->most)
        config_fault(r, name, "write it as: %s %s", d->name, d->grammar);
    else if (s->has_block && d->settings == NULL)
        config_fault(r, &s->open, "%s takes no block", d->name);
    else if (!s->has_block && d->most == 0)
        config_fault(r, name, "write it as: %s %s", d->name, d->grammar);
    else
        d->set(r, s);
}

/* `config 1`: the main file must begin with it, an included one may. */
static void apply_version(struct reading *f, const struct config_statement *s)
{
    const struct config_word *name = &s->words[0];
    if (!slice_equal(name->text, SLICE("config"))) {
        if (f->is_main && f->is_first)
            config_fault(f->reader, name, "the first line must be: config 1");
        return;
    }
    if (!f->is_first)
        config_fault(f->reader, name, "config stands on a file's first line only");
    else if (s->count != 2 || s->has_block)
        config_fault(f->reader, name, "write it as: config 1");
    else if (!slice_equal(s->words[1].text, SLICE("1"))) {
        config_fault(f->reader, &s->words[1], "version \"%s\" is not known here, only 1",
                     config_show(s->words[1].text).text);
        f->is_abandoned = true;
    }
}

static void include(struct config_reader *r, const struct config_statement *s);

static void read_text(struct config_reader *r, const char *file, char *text, size_t size)
{
    struct reading f = {.reader = r, .file = file, .is_main = r->depth == 0, .is_first = true};
    struct config_statement s;
    config_tokenizer_init(&f.tokens, text, size);
    r->stack[r->depth++] = file;
    while (!f.is_abandoned && read_statement(&f, &s)) {
        apply_version(&f, &s);
        if (slice_equal(s.words[0].text, SLICE("include")))
            include(r, &s);
        else if (!slice_equal(s.words[0].text, SLICE("config")))
            apply_directive(r, &s);
        f.is_first = false;
    }
    struct config_word top = {.file = file, .line = 1, .column = 1};
    if (f.is_main && f.is_first)
        config_fault(r, &top, "the first line must be: config 1");
    r->depth--;
}

/* Relative to the file that includes it. */
static char *resolve(const char *from, struct slice path)
{
    const char *slash = strrchr(from, '/');
    size_t head = slash != NULL && path.data[0] != '/' ? (size_t)(slash - from) + 1 : 0;
    char *whole = malloc(head + path.size + 1);
    if (whole == NULL)
        return NULL;
    memcpy(whole, from, head);
    memcpy(whole + head, path.data, path.size);
    whole[head + path.size] = '\0';
    return whole;
}

static bool is_being_read(const struct config_reader *r, const char *path)
{
    for (size_t i = 0; i < r->depth; i++) {
        if (strcmp(r->stack[i], path) == 0)
            return true;
    }
    return false;
}

static void include_file(struct config_reader *r, const struct config_word *at, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    enum status s = r->source->read(r->source->context, path, &text, &size);
    if (s == STATUS_NO_MEMORY)
        r->no_memory = true;
    else if (s != STATUS_OK)
        config_fault(r, at, "cannot read %s: %s", config_show(slice_str(path)).text,
                     status_text(s));
    else
        read_text(r, path, text, size);
    free(text);
}

static void include(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *at = &s->words[s->count > 1 ? 1 : 0];
    if (s->count != 2 || s->has_block || at->text.size == 0) {
        config_fault(r, at, "write it as: include FILE");
        return;
    }
    if (r->file_count == CONFIG_FILES_MAX) {
        config_fault(r, at, "more than %d files", CONFIG_FILES_MAX);
        return;
    }
    char *path = resolve(at->file, at->text);
    if (path == NULL) {
        r->no_memory = true;
        return;
    }
    r->files[r->file_count++] = path;
    if (is_being_read(r, path))
        config_fault(r, at, "%s includes itself", config_show(slice_str(path)).text);
    else if (r->depth == CONFIG_DEPTH_MAX)
        config_fault(r, at, "files include each other more than %d deep", CONFIG_DEPTH_MAX);
    else
        include_file(r, at, path);
}

/* Takes `text` over and frees it. */
static enum status parse_owned(const char *file, char *text, size_t size,
                               const struct config_source *source, struct config **out,
                               struct config_errors *errors)
{
    struct config_reader r = {.value = config_new(), .errors = errors, .source = source};
    struct config_word top = {.file = file, .line = 1, .column = 1};
    r.no_memory = r.value == NULL || text == NULL;
    if (!r.no_memory) {
        read_text(&r, file, text, size);
        config_check(&r, &top);
    }
    for (size_t i = 0; i < r.file_count; i++)
        free(r.files[i]);
    free(text);
    if (!r.no_memory && errors->count == 0) {
        *out = r.value;
        return STATUS_OK;
    }
    config_unref(r.value);
    return r.no_memory ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

enum status config_parse_text(const char *file, struct slice text,
                              const struct config_source *source, struct config **out,
                              struct config_errors *errors)
{
    *out = NULL;
    errors->count = 0;
    char *copy = malloc(text.size + 1);
    if (copy != NULL && text.size > 0)
        memcpy(copy, text.data, text.size);
    return parse_owned(file, copy, text.size, source, out, errors);
}

enum status config_parse(const char *file, const struct config_source *source, struct config **out,
                         struct config_errors *errors)
{
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    errors->count = 0;
    enum status s = source->read(source->context, file, &text, &size);
    if (s == STATUS_OK)
        return parse_owned(file, text, size, source, out, errors);
    struct config_reader r = {.errors = errors};
    struct config_word top = {.file = file, .line = 1, .column = 1};
    config_fault(&r, &top, "cannot be read: %s", status_text(s));
    free(text);
    return s;
}
