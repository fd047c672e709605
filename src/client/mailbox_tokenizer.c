#include "client/mailbox_tokenizer.h"

#include "client/mailbox_words.h"

#include <stdlib.h>

typedef int token_sink(void *context, int flags, const char *token, int size, int begin, int end);

struct tokenizer {
    fts5_tokenizer words;
    Fts5Tokenizer *instance;
};

struct tokenizing {
    void *context;
    token_sink *sink;
    const char *text; /* all of it, for offsets */
    int offset;       /* of the run that unicode61 reads */
};

static int create(void *context, const char **arguments, int count, Fts5Tokenizer **out)
{
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = context;
    void *words_context = NULL;
    struct tokenizer *t = calloc(1, sizeof *t);
    (void)arguments;
    (void)count;
    if (!t)
        return SQLITE_NOMEM;
    int code = api->xFindTokenizer(api, "unicode61", &words_context, &t->words);
    if (code == SQLITE_OK)
        code = t->words.xCreate(words_context, options, 2, &t->instance);
    if (code != SQLITE_OK) {
        free(t);
        return code;
    }
    *out = (Fts5Tokenizer *)t;
    return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *tokenizer)
{
    struct tokenizer *t = (struct tokenizer *)tokenizer;
    t->words.xDelete(t->instance);
    free(t);
}

static int put_word(void *context, int flags, const char *token, int size, int begin, int end)
{
    struct tokenizing *z = context;
    return z->sink(z->context, flags, token, size, z->offset + begin, z->offset + end);
}

static int put_dense(void *context, struct slice token, bool same_place)
{
    struct tokenizing *z = context;
    int begin = (int)(token.data - z->text);
    return z->sink(z->context, same_place ? FTS5_TOKEN_COLOCATED : 0, token.data, (int)token.size,
                   begin, begin + (int)token.size);
}

/* Something to find stands right behind the run. */
static bool goes_on(struct slice rest)
{
    for (size_t i = 0; i < rest.size; i++) {
        unsigned char c = (unsigned char)rest.data[i];
        if (c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            return true;
    }
    return false;
}

static int tokenize_folded(struct tokenizer *t, struct tokenizing *z, int flags, struct slice text)
{
    bool is_question = flags & FTS5_TOKENIZE_QUERY;
    struct words_run run;
    int code = SQLITE_OK;
    z->text = text.data;
    while (code == SQLITE_OK && words_next_run(&text, &run)) {
        z->offset = (int)(run.text.data - z->text);
        if (run.is_dense)
            code = words_of_dense(run.text, is_question, goes_on(text), put_dense, z);
        else
            code = t->words.xTokenize(t->instance, z, flags, run.text.data, (int)run.text.size,
                                      put_word);
    }
    return code;
}

static int tokenize(Fts5Tokenizer *tokenizer, void *context, int flags, const char *data, int size,
                    token_sink *sink)
{
    struct tokenizer *t = (struct tokenizer *)tokenizer;
    struct tokenizing z = {.context = context, .sink = sink};
    struct slice text = slice_of(data, size > 0 ? (size_t)size : 0);
    char *memory = NULL;
    if (words_needs_fold(text)) {
        memory = malloc(text.size);
        if (!memory)
            return SQLITE_NOMEM;
        struct buf folded = buf_over(memory, text.size);
        words_fold_width(text, &folded);
        text = buf_slice(&folded);
    }
    int code = tokenize_folded(t, &z, flags, text);
    free(memory);
    return code;
}

static fts5_api *find_api(sqlite3 *database)
{
    fts5_api *api = NULL;
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(database, "SELECT fts5(?1)", -1, &q, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(q, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(q);
    }
    sqlite3_finalize(q);
    return api;
}

int mailbox_tokenizer_register(sqlite3 *database)
{
    static fts5_tokenizer ours = {create, destroy, tokenize};
    fts5_api *api = find_api(database);
    return api ? api->xCreateTokenizer(api, "poplin", api, &ours, NULL) : SQLITE_ERROR;
}
