#include "auth/auth_driver.h"
#include "base/buf.h"
#include "base/escape.h"
#include "config/config.h"

#include <sodium.h>
#include <stdlib.h>

/* One copy of the text, an array of records that point into it, and an open-addressed index of
 * their numbers (from 1) by a keyed hash of the name. */
struct passwd_file {
    struct auth_driver driver;
    char *text;
    size_t text_size;
    struct auth_record *records;
    size_t count, capacity;
    uint32_t *index;
    size_t mask;
    unsigned char key[crypto_shorthash_KEYBYTES];
};

struct line {
    struct slice text;
    size_t number;
};

static void slot_of(const struct passwd_file *f, struct slice name, size_t *slot)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name.data, name.size, f->key);
    *slot = hash & f->mask;
    while (f->index[*slot] && !slice_equal(f->records[f->index[*slot] - 1].name, name))
        *slot = (*slot + 1) & f->mask;
}

static enum status find(const struct auth_driver *d, struct slice user, struct auth_record *out)
{
    const struct passwd_file *f = (const struct passwd_file *)d;
    size_t slot;
    slot_of(f, user, &slot);
    if (!f->index[slot])
        return STATUS_NOT_FOUND;
    *out = f->records[f->index[slot] - 1];
    return STATUS_OK;
}

/* A locked user has no cost to imitate. */
static bool decoy(const struct auth_driver *d, uint64_t seed, struct auth_record *out)
{
    const struct passwd_file *f = (const struct passwd_file *)d;
    for (size_t i = 0; i < f->count; i++) {
        *out = f->records[(seed % f->count + i) % f->count];
        if (out->hash.kind != AUTH_HASH_LOCKED)
            return true;
    }
    return false;
}

static void free_file(struct auth_driver *d)
{
    struct passwd_file *f = (struct passwd_file *)d;
    if (f->text)
        explicit_bzero(f->text, f->text_size);
    free(f->text);
    free(f->records);
    free(f->index);
    free(f);
}

static const struct auth_driver_class class = {"passwd-file", find, decoy, free_file};

static enum status complain(char why[200], size_t line, const char *cause, struct slice what)
{
    struct buf b = buf_over(why, 199);
    buf_printf(&b, "line %zu: %s", line, cause);
    if (what.size > 0) {
        buf_put_char(&b, ' ');
        escape_logfmt(&b, what, 64);
    }
    why[b.size] = '\0';
    return STATUS_MALFORMED;
}

static struct slice next_field(struct slice *rest)
{
    size_t end = slice_find(*rest, ':');
    struct slice field = slice_take(*rest, end);
    *rest = slice_skip(*rest, end < rest->size ? end + 1 : end);
    return field;
}

static bool parse_id(struct slice field, uint32_t *id)
{
    uint64_t value = UINT32_MAX;
    if (field.size > 0 && (!slice_parse_u64(field, &value) || value >= UINT32_MAX))
        return false;
    *id = (uint32_t)value;
    return true;
}

/* user:secret[:uid:gid:gecos:home:shell:key=value…]; gecos and shell are for other readers. */
static enum status parse_line(struct line line, struct auth_record *r, char why[200])
{
    struct slice rest = line.text;
    const char *cause;
    r->name = next_field(&rest);
    if (!config_user_is_safe(r->name))
        return complain(why, line.number, "not a user name that may log in:", r->name);
    if (r->name.size == line.text.size)
        return complain(why, line.number, "no colon behind the user name", (struct slice){0});
    r->secret = next_field(&rest);
    if (auth_hash_parse(r->secret, &r->hash, &cause) != STATUS_OK)
        return complain(why, line.number, cause, (struct slice){0});
    struct slice uid = next_field(&rest), gid = next_field(&rest);
    if (!parse_id(uid, &r->uid) || !parse_id(gid, &r->gid))
        return complain(why, line.number, "uid and gid are numbers or empty", (struct slice){0});
    next_field(&rest);
    r->home = next_field(&rest);
    if (slice_find(r->home, '\0') != r->home.size)
        return complain(why, line.number, "a NUL in the home directory", (struct slice){0});
    next_field(&rest);
    r->extra = rest;
    return STATUS_OK;
}

static bool grow(struct passwd_file *f)
{
    if (f->count < f->capacity)
        return true;
    size_t capacity = f->capacity ? f->capacity * 2 : 64;
    struct auth_record *records = reallocarray(f->records, capacity, sizeof *records);
    if (!records)
        return false;
    f->records = records;
    f->capacity = capacity;
    return true;
}

static struct slice next_line(struct slice *rest)
{
    size_t end = slice_find(*rest, '\n');
    struct slice line = slice_take(*rest, end);
    *rest = slice_skip(*rest, end < rest->size ? end + 1 : end);
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return line.data[i] == '#';
    return true;
}

static enum status parse_text(struct passwd_file *f, char why[200])
{
    struct slice rest = slice_of(f->text, f->text_size);
    if (slice_starts(rest, SLICE("\xef\xbb\xbf"))) /* the mark that some editors put in front */
        rest = slice_skip(rest, 3);
    for (size_t number = 1; rest.size > 0; number++) {
        struct line line = {next_line(&rest), number};
        if (is_blank(line.text))
            continue;
        if (!grow(f))
            return STATUS_NO_MEMORY;
        enum status status = parse_line(line, &f->records[f->count], why);
        if (status != STATUS_OK)
            return status;
        f->count++;
    }
    return STATUS_OK;
}

static size_t line_of(const struct passwd_file *f, struct slice name)
{
    size_t number = 1;
    for (const char *p = f->text; p < name.data; p++)
        number += *p == '\n';
    return number;
}

static enum status build_index(struct passwd_file *f, char why[200])
{
    size_t slots = 16;
    while (slots < f->count * 2)
        slots *= 2;
    f->mask = slots - 1;
    f->index = calloc(slots, sizeof *f->index);
    if (!f->index)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < f->count; i++) {
        size_t slot;
        struct slice name = f->records[i].name;
        slot_of(f, name, &slot);
        if (f->index[slot])
            return complain(why, line_of(f, name), "a second line for user", name);
        f->index[slot] = (uint32_t)(i + 1);
    }
    return STATUS_OK;
}

enum status auth_passwd_file_new(struct slice text, struct auth_driver **out, char why[200])
{
    struct passwd_file *f = calloc(1, sizeof *f);
    why[0] = '\0';
    if (!f)
        return STATUS_NO_MEMORY;
    f->driver.class = &class;
    randombytes_buf(f->key, sizeof f->key);
    f->text = malloc(text.size + 1);
    enum status status = f->text ? STATUS_OK : STATUS_NO_MEMORY;
    if (f->text && text.size > 0)
        memcpy(f->text, text.data, text.size);
    f->text_size = f->text ? text.size : 0;
    if (status == STATUS_OK)
        status = parse_text(f, why);
    if (status == STATUS_OK)
        status = build_index(f, why);
    if (status != STATUS_OK)
        free_file(&f->driver);
    else
        *out = &f->driver;
    return status;
}

size_t auth_passwd_file_count(const struct auth_driver *d)
{
    return ((const struct passwd_file *)d)->count;
}

bool auth_passwd_file_at(const struct auth_driver *d, size_t number, struct auth_record *out)
{
    const struct passwd_file *f = (const struct passwd_file *)d;
    if (number >= f->count)
        return false;
    *out = f->records[number];
    return true;
}
