#include "config/config_reader.h"

#include "base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct config_shown config_show(struct slice text)
{
    struct config_shown shown;
    struct buf out = buf_over(shown.text, sizeof shown.text - 1);
    (void)escape_plain(&out, text, 60);
    shown.text[out.size] = '\0';
    return shown;
}

/* The end of a name that is too long says more than its beginning. */
static void keep_file(char kept[CONFIG_ERROR_FILE], const char *file)
{
    size_t size = strlen(file);
    const char *mark = size < CONFIG_ERROR_FILE ? "" : "...";
    if (size >= CONFIG_ERROR_FILE)
        file += size - (CONFIG_ERROR_FILE - 4);
    (void)snprintf(kept, CONFIG_ERROR_FILE, "%s%s", mark, file);
}

void config_fault(struct config_reader *r, const struct config_word *at, const char *format, ...)
{
    size_t i = r->errors->count++;
    if (i >= CONFIG_ERRORS_MAX)
        return;
    struct config_error *e = &r->errors->list[i];
    keep_file(e->file, at->file);
    e->line = at->line;
    e->column = at->column;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
}

enum { NAME_MAX_OCTETS = 32 };

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to add, drop, change or swap with a neighbour to make b of a; both at most
 * NAME_MAX_OCTETS. */
static size_t edit_distance(struct slice a, struct slice b)
{
    size_t rows[3][NAME_MAX_OCTETS + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.size; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool same = a.data[i - 1] == b.data[j - 1];
            now[j] = least_of(least_of(last[j], now[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                now[j] = least_of(now[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.size];
}

static const char *name_at(const void *names, size_t stride, size_t i)
{
    const char *name;
    memcpy(&name, (const char *)names + i * stride, sizeof name);
    return name;
}

/* A third of the letters may be wrong, and one at least; NULL: nothing is near. */
static const char *nearest(struct slice word, const void *names, size_t stride, size_t count)
{
    const char *best = NULL;
    if (word.size == 0 || word.size > NAME_MAX_OCTETS)
        return NULL;
    size_t limit = word.size < 6 ? 2 : word.size / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(names, stride, i);
        if (strlen(name) > NAME_MAX_OCTETS)
            continue;
        size_t distance = edit_distance(word, slice_str(name));
        if (distance < limit) {
            limit = distance;
            best = name;
        }
    }
    return best;
}

/* "a, b or c" */
static void list_names(struct buf *out, const void *names, size_t stride, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)buf_put_str(out, i == 0 ? "" : i + 1 == count ? " or " : ", ");
        (void)buf_put_str(out, name_at(names, stride, i));
    }
}

void config_fault_unknown(struct config_reader *r, const struct config_word *at, const char *what,
                          const void *names, size_t stride, size_t count)
{
    const char *near = nearest(at->text, names, stride, count);
    struct config_shown shown = config_show(at->text);
    char all[120];
    struct buf list = buf_over(all, sizeof all - 1);
    list_names(&list, names, stride, count);
    all[list.size] = '\0';
    if (near != NULL)
        config_fault(r, at, "unknown %s \"%s\"; did you mean \"%s\"?", what, shown.text, near);
    else if (list.overflow)
        config_fault(r, at, "unknown %s \"%s\"; see %s", what, shown.text,
                     r->manual != NULL ? r->manual : "poplind.conf(5)");
    else
        config_fault(r, at, "unknown %s \"%s\"; it can be %s", what, shown.text, all);
}

int config_keyword(struct config_reader *r, const struct config_word *at, const char *const *names,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(at->text, slice_str(names[i])))
            return (int)i;
    }
    config_fault_unknown(r, at, "word", names, sizeof *names, count);
    return -1;
}

char *config_errors_print(const struct config_errors *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    size_t kept = least_of(e->count, CONFIG_ERRORS_MAX);
    for (size_t i = 0; i < kept; i++) {
        const struct config_error *one = &e->list[i];
        fprintf(out, "%s:%u:%u: %s\n", one->file, one->line, one->column, one->text);
    }
    if (e->count > kept)
        fprintf(out, "and %zu more\n", e->count - kept);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
