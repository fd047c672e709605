/* poplin_tui_text: a text that is longer than the screen, by lines. What is in it was made safe and
 * wrapped before (poplin_text). */
#ifndef POPLIN_CLI_POPLIN_TUI_TEXT_H
#define POPLIN_CLI_POPLIN_TUI_TEXT_H

#include "base/slice.h"
#include "cli/poplin_tui_cursor.h"

struct tui_text {
    char *octets;
    size_t size;
    size_t *lines; /* where each begins */
    struct tui_cursor scroll;
};

/* Takes the octets, which malloc gave, and splits them. False: no memory, and it is empty. */
bool tui_text_set(struct tui_text *t, char *octets, size_t size);
void tui_text_wipe(struct tui_text *t);
/* Without its end. */
struct slice tui_text_line(const struct tui_text *t, size_t index);
/* Columns changed, the text is another: shows about the same part of it. */
void tui_text_keep_place(struct tui_text *t, size_t top_before, size_t count_before);

#endif
