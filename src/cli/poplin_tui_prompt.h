/* poplin_tui_prompt: a line that is typed at the foot of the screen. */
#ifndef POPLIN_CLI_POPLIN_TUI_PROMPT_H
#define POPLIN_CLI_POPLIN_TUI_PROMPT_H

#include "cli/poplin_tui_keys.h"

enum { TUI_PROMPT = 1024 };

struct tui_prompt {
    const char *question;
    char text[TUI_PROMPT + 1]; /* UTF-8, NUL-ended */
    size_t size;
};

enum tui_answer { TUI_ANSWER_MORE, TUI_ANSWER_DONE, TUI_ANSWER_GIVEN_UP };

void tui_prompt_begin(struct tui_prompt *p, const char *question, const char *text);
/* Enter ends it; Escape, or Backspace in an empty line, gives it up. */
enum tui_answer tui_prompt_key(struct tui_prompt *p, int key);
/* The question and the end of what was typed, as it fits into `columns`; *at: the cursor's column.
 */
void tui_prompt_put(const struct tui_prompt *p, size_t columns, struct buf *out, size_t *at);

#endif
