#include "cli/poplin_tui_progress.h"

#include "cli/poplin_rows.h"

#include <stdio.h>

void tui_progress_begin(struct tui_progress *p)
{
    *p = (struct tui_progress){0};
}

/* --- the objects of `poplin fetch --json`, which are flat and ours --- */

/* What follows "NAME": in the line; empty: it is not there. */
static struct slice after_name(struct slice line, const char *name)
{
    char wanted[40];
    int n = snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = memmem(line.data, line.size, wanted, (size_t)n);
    return at ? slice_skip(line, (size_t)(at - line.data) + (size_t)n) : SLICE("");
}

static uint64_t number_of(struct slice line, const char *name)
{
    struct slice value = after_name(line, name);
    uint64_t n = 0;
    size_t digits = 0;
    while (digits < value.size && value.data[digits] >= '0' && value.data[digits] <= '9')
        digits++;
    (void)slice_parse_u64(slice_take(value, digits), &n);
    return n;
}

/* Escapes other than \" and \\ do not matter to a person: `?`. */
static void text_of(struct slice line, const char *name, char *out, size_t size)
{
    struct slice value = after_name(line, name);
    size_t n = 0;
    for (size_t i = 1; i < value.size && value.data[i] != '"' && n + 1 < size; i++) {
        char c = value.data[i];
        if (c == '\\' && ++i < value.size)
            c = value.data[i] == '"' || value.data[i] == '\\' ? value.data[i] : '?';
        out[n++] = c;
    }
    out[n] = '\0';
}

static void take_line(struct tui_progress *p, struct slice line)
{
    char event[20];
    if (line.size == 0)
        return;
    if (line.data[0] != '{') {
        snprintf(p->error, sizeof p->error, "%.*s", SLICE_ARGS(line));
        return;
    }
    if (slice_starts(line, SLICE("{\"error\""))) {
        text_of(line, "text", p->error, sizeof p->error);
        return;
    }
    text_of(line, "event", event, sizeof event);
    text_of(line, "account", p->account, sizeof p->account);
    if (strcmp(event, "fetched") == 0) {
        p->fetched++;
    } else if (strcmp(event, "progress") == 0) {
        p->done = number_of(line, "done");
        p->count = number_of(line, "count");
        p->octets = number_of(line, "octets");
        p->octets_all = number_of(line, "octets_all");
    }
}

void tui_progress_feed(struct tui_progress *p, struct slice octets)
{
    for (size_t i = 0; i < octets.size; i++) {
        if (octets.data[i] == '\n') {
            take_line(p, slice_of(p->line, p->size));
            p->size = 0;
            p->is_long = false;
        } else if (p->size == sizeof p->line) {
            p->is_long = true;
        } else if (!p->is_long) {
            p->line[p->size++] = octets.data[i];
        }
    }
}

/* --- lines --- */

void tui_progress_put(const struct tui_progress *p, struct buf *out)
{
    char octets[ROWS_SIZE], all[ROWS_SIZE];
    if (p->count == 0) {
        buf_printf(out, "Fetching: %llu so far (Ctrl-C stops)", (unsigned long long)p->fetched);
        return;
    }
    poplin_rows_size(p->octets, octets);
    poplin_rows_size(p->octets_all, all);
    buf_printf(out, "Fetching %s: %llu of %llu, %s of %s (Ctrl-C stops)", p->account,
               (unsigned long long)p->done, (unsigned long long)p->count, octets, all);
}

void tui_progress_put_end(const struct tui_progress *p, int code, struct buf *out)
{
    if (p->fetched > 0)
        buf_printf(out, "%llu fetched", (unsigned long long)p->fetched);
    else
        buf_put_str(out, code == 0 ? "Nothing new" : "Nothing fetched");
    if (p->error[0] != '\0')
        buf_printf(out, "; %s", p->error);
    else if (code > 0)
        buf_printf(out, "; fetch ended with code %d", code);
    else if (code < 0)
        buf_put_str(out, "; fetch was ended");
}
