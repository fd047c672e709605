#include "cli/poplin_tui_text.h"

#include <stdlib.h>

void tui_text_wipe(struct tui_text *t)
{
    size_t height = t->scroll.height;
    free(t->octets);
    free(t->lines);
    *t = (struct tui_text){.scroll.height = height};
}

static size_t count_lines(const char *octets, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += octets[i] == '\n';
    return n + (size > 0 && octets[size - 1] != '\n');
}

bool tui_text_set(struct tui_text *t, char *octets, size_t size)
{
    size_t count = count_lines(octets, size), n = 0;
    tui_text_wipe(t);
    t->octets = octets;
    t->lines = calloc(count + 1, sizeof *t->lines);
    if (!t->lines) {
        tui_text_wipe(t);
        return false;
    }
    for (size_t i = 0; i < size && n < count; i++) {
        if (i == 0 || octets[i - 1] == '\n')
            t->lines[n++] = i;
    }
    t->size = size;
    tui_scroll_resize(&t->scroll, count, t->scroll.height);
    return true;
}

struct slice tui_text_line(const struct tui_text *t, size_t index)
{
    struct slice rest = slice_of(t->octets + t->lines[index], t->size - t->lines[index]);
    return slice_take(rest, slice_find(rest, '\n'));
}

void tui_text_keep_place(struct tui_text *t, size_t top_before, size_t count_before)
{
    size_t top = count_before > 0 ? top_before * t->scroll.count / count_before : 0;
    t->scroll.top = top;
    tui_scroll_resize(&t->scroll, t->scroll.count, t->scroll.height);
}
