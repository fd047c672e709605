#include "cli/poplin_tui_prompt.h"

#include "base/width.h"

#include <stdio.h>

void tui_prompt_begin(struct tui_prompt *p, const char *question, const char *text)
{
    p->question = question;
    snprintf(p->text, sizeof p->text, "%s", text);
    p->size = strlen(p->text);
}

static void put_point(struct tui_prompt *p, uint32_t c)
{
    char octets[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i > 1; i--, c >>= 6)
        octets[i - 1] = (char)(0x80 | (c & 0x3f));
    octets[0] = (char)(lead[n] | c);
    if (p->size + n > TUI_PROMPT)
        return;
    memcpy(p->text + p->size, octets, n);
    p->size += n;
    p->text[p->size] = '\0';
}

static void take_back(struct tui_prompt *p)
{
    while (p->size > 0 && ((unsigned char)p->text[--p->size] & 0xc0) == 0x80)
        continue;
    p->text[p->size] = '\0';
}

enum tui_answer tui_prompt_key(struct tui_prompt *p, int key)
{
    if (key == TUI_KEY_ENTER)
        return TUI_ANSWER_DONE;
    if (key == TUI_KEY_ESCAPE || (key == TUI_KEY_BACKSPACE && p->size == 0))
        return TUI_ANSWER_GIVEN_UP;
    if (key == TUI_KEY_BACKSPACE) {
        take_back(p);
    } else if (key == TUI_KEY_CLEAR) {
        p->size = 0;
        p->text[0] = '\0';
    } else if (key > 0 && key < TUI_KEY_UP && width_is_visible((uint32_t)key)) {
        put_point(p, (uint32_t)key);
    }
    return TUI_ANSWER_MORE;
}

static size_t columns_of(struct slice text)
{
    size_t columns = 0;
    while (text.size > 0) {
        uint32_t point;
        (void)width_next_point(&text, &point);
        columns += width_of_point(point);
    }
    return columns;
}

void tui_prompt_put(const struct tui_prompt *p, size_t columns, struct buf *out, size_t *at)
{
    struct slice typed = slice_of(p->text, p->size);
    size_t room = columns > 1 ? columns - 1 : 0;
    *at = width_put_cell(out, slice_str(p->question), room > 10 ? room - 10 : 0, false);
    while (typed.size > 0 && *at + columns_of(typed) > room) {
        uint32_t point;
        (void)width_next_point(&typed, &point);
    }
    *at += width_put_cell(out, typed, room - *at, false);
}
