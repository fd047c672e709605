#include "client/state_import.h"

static const char *const names[STATE_IMPORT_FORMATS] = {
    [STATE_IMPORT_FETCHMAIL] = "fetchmail",
    [STATE_IMPORT_GETMAIL] = "getmail",
    [STATE_IMPORT_MPOP] = "mpop",
    [STATE_IMPORT_THUNDERBIRD] = "thunderbird",
};

bool state_import_find_format(const char *name, enum state_import_format *out)
{
    for (unsigned i = 0; i < STATE_IMPORT_FORMATS; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum state_import_format)i;
            return true;
        }
    }
    return false;
}

const char *state_import_format_name(enum state_import_format format)
{
    return names[format];
}

void state_import_init(struct state_import_reader *r, enum state_import_format format,
                       struct slice text)
{
    *r = (struct state_import_reader){.format = format, .rest = text};
}

/* --- lines --- */

static bool next_line(struct state_import_reader *r, struct slice *line)
{
    if (r->rest.size == 0)
        return false;
    size_t n = slice_find(r->rest, '\n');
    *line = slice_take(r->rest, n);
    r->rest = slice_skip(r->rest, n < r->rest.size ? n + 1 : n);
    r->line++;
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

static size_t find_last(struct slice s, char c)
{
    const char *at = s.size ? memrchr(s.data, c, s.size) : NULL;
    return at ? (size_t)(at - s.data) : s.size;
}

/* What stands before c, taken off the front with it; false: there is no c. */
static bool take_word(struct slice *s, char c, struct slice *word)
{
    size_t n = slice_find(*s, c);
    if (n == s->size)
        return false;
    *word = slice_take(*s, n);
    *s = slice_skip(*s, n + 1);
    return true;
}

static bool is_uidl(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return s.size > 0 && s.size <= STATE_IMPORT_UIDL;
}

static bool take_seconds(struct slice s, int64_t *out)
{
    uint64_t n;
    if (!slice_parse_u64(s, &n) || n > INT64_MAX)
        return false;
    *out = (int64_t)n;
    return true;
}

/* --- formats: OK an entry, AGAIN nothing to note in this line, MALFORMED --- */

/* A user may have `@` and blanks in it, a UIDL `@`; neither a host nor a UIDL has blanks. */
static enum status read_fetchmail(struct state_import_reader *r, struct slice line,
                                  struct state_import_entry *e)
{
    size_t blank = find_last(line, ' ');
    if (blank == line.size)
        return STATUS_MALFORMED;
    struct slice owner = slice_take(line, blank);
    size_t at = find_last(owner, '@');
    (void)r;
    if (at == owner.size)
        return STATUS_MALFORMED;
    e->user = slice_take(owner, at);
    e->host = slice_skip(owner, at + 1);
    e->uidl = slice_skip(line, blank + 1);
    return STATUS_OK;
}

static enum status read_getmail(struct state_import_reader *r, struct slice line,
                                struct state_import_entry *e)
{
    (void)r;
    return take_word(&line, '\0', &e->uidl) && take_seconds(line, &e->fetched) ? STATUS_OK
                                                                               : STATUS_MALFORMED;
}

static enum status read_mpop(struct state_import_reader *r, struct slice line,
                             struct state_import_entry *e)
{
    struct slice count;
    uint64_t n;
    if (line.data[0] == '#')
        return STATUS_AGAIN;
    if (line.data[0] == ' ') {
        line = slice_skip(line, 1);
        bool good = take_word(&line, ' ', &count) && slice_parse_u64(count, &n) &&
                    take_word(&line, ' ', &r->host) && line.size > 0;
        r->user = line;
        return good ? STATUS_AGAIN : STATUS_MALFORMED;
    }
    e->host = r->host;
    e->user = r->user;
    e->uidl = line;
    return r->host.size > 0 ? STATUS_OK : STATUS_MALFORMED;
}

static enum status read_thunderbird(struct state_import_reader *r, struct slice line,
                                    struct state_import_entry *e)
{
    struct slice flag;
    if (line.data[0] == '#')
        return STATUS_AGAIN;
    if (line.data[0] == '*') {
        line = slice_skip(line, 1);
        bool good = take_word(&line, ' ', &r->host) && line.size > 0;
        r->user = line;
        return good ? STATUS_AGAIN : STATUS_MALFORMED;
    }
    if (r->host.size == 0 || !take_word(&line, ' ', &flag) || flag.size != 1)
        return STATUS_MALFORMED;
    e->host = r->host;
    e->user = r->user;
    if (!take_word(&line, ' ', &e->uidl))
        e->uidl = line; /* as old versions wrote it, without a time */
    else if (!take_seconds(line, &e->fetched))
        return STATUS_MALFORMED;
    if (flag.data[0] == 'b' || flag.data[0] == 'f')
        return STATUS_AGAIN;
    return flag.data[0] == 'k' || flag.data[0] == 'd' ? STATUS_OK : STATUS_MALFORMED;
}

enum status state_import_next(struct state_import_reader *r, struct state_import_entry *out)
{
    static enum status (*const readers[STATE_IMPORT_FORMATS])(
        struct state_import_reader *, struct slice, struct state_import_entry *) = {
        [STATE_IMPORT_FETCHMAIL] = read_fetchmail,
        [STATE_IMPORT_GETMAIL] = read_getmail,
        [STATE_IMPORT_MPOP] = read_mpop,
        [STATE_IMPORT_THUNDERBIRD] = read_thunderbird,
    };
    struct slice line;
    while (next_line(r, &line)) {
        *out = (struct state_import_entry){0};
        if (line.size == 0)
            continue;
        enum status s = readers[r->format](r, line, out);
        if (s == STATUS_OK && !is_uidl(out->uidl))
            return STATUS_MALFORMED;
        if (s != STATUS_AGAIN)
            return s;
    }
    return STATUS_CLOSED;
}

/* --- into the state --- */

bool state_import_is_of(const struct state_import_entry *e, const struct account *a,
                        const char *owner)
{
    struct slice user = a->user ? slice_str(a->user) : SLICE(""), host = slice_str(a->host);
    if (e->host.size == 0)
        return true;
    if (owner) {
        size_t at = find_last(slice_str(owner), '@');
        user = slice_take(slice_str(owner), at);
        host = at < strlen(owner) ? slice_str(owner + at + 1) : SLICE("");
    }
    return slice_equal(e->user, user) && slice_equal_nocase(e->host, host);
}

static enum status put(struct state *s, const char *account, struct slice uidl, int64_t fetched,
                       int64_t now)
{
    struct state_row row;
    enum status status = state_find(s, account, uidl, &row);
    if (status != STATUS_NOT_FOUND)
        return status == STATUS_OK ? STATUS_EXISTS : status;
    row = (struct state_row){
        .uidl = uidl, .stage = STATE_DELIVERED, .seen = now, .fetched = fetched, .read = true};
    return state_put(s, account, &row);
}

enum status state_import_put(struct state *s, const char *account, enum state_import_format format,
                             const struct state_import_entry *e, int64_t now)
{
    char memory[STATE_IMPORT_UIDL];
    size_t n = e->uidl.size;
    enum status status = put(s, account, e->uidl, e->fetched, now);
    if (format != STATE_IMPORT_GETMAIL || slice_find(e->uidl, '-') == n ||
        (status != STATUS_OK && status != STATUS_EXISTS))
        return status;
    /* Which `-` was a `/` cannot be told: all of them or none covers what servers make UIDLs of. */
    for (size_t i = 0; i < n; i++)
        memory[i] = e->uidl.data[i] == '-' ? '/' : e->uidl.data[i];
    enum status other = put(s, account, slice_of(memory, n), e->fetched, now);
    return other == STATUS_EXISTS || other == STATUS_OK ? status : other;
}
