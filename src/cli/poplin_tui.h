/* poplin_tui: what the files of `poplin tui` share. Keys become actions by poplin_tui_keys; the
 * models are poplin_tui_list, _text, _prompt and _progress; only poplin_tui_screen draws. */
#ifndef POPLIN_CLI_POPLIN_TUI_H
#define POPLIN_CLI_POPLIN_TUI_H

#include "cli/poplin_mail.h"
#include "cli/poplin_message.h"
#include "cli/poplin_tui_child.h"
#include "cli/poplin_tui_keys.h"
#include "cli/poplin_tui_list.h"
#include "cli/poplin_tui_progress.h"
#include "cli/poplin_tui_prompt.h"
#include "cli/poplin_tui_text.h"

enum { TUI_STATUS = 500, TUI_ATTACHMENTS_MOST = 1000 };

enum tui_shape { TUI_SHAPE_TEXT, TUI_SHAPE_HEADERS, TUI_SHAPE_RAW, TUI_SHAPE_PART };

enum tui_question { TUI_ASKS_NOTHING, TUI_ASKS_TERMS, TUI_ASKS_FOLDER, TUI_ASKS_REMOVAL };

struct tui {
    struct poplin_mail mail;
    struct tui_list list;
    enum tui_view view, before_help;
    size_t rows, columns;
    bool is_done, is_changed; /* it is to be drawn */

    struct poplin_message message; /* while `has_message` */
    bool has_message;
    enum tui_shape shape;
    uint32_t part; /* of TUI_SHAPE_PART */
    struct tui_text text, help;

    enum tui_view attachments_from;
    struct poplin_attached attached[TUI_ATTACHMENTS_MOST];
    struct tui_cursor attachments, accounts;

    enum tui_question asks;
    struct tui_prompt prompt;
    bool saves_all; /* of TUI_ASKS_FOLDER */
    char folder[TUI_PROMPT + 1];

    struct mailbox_query query;
    char terms[TUI_PROMPT + 1];
    bool is_reading; /* bodies, before a search */

    struct maildir_stamp *stamps; /* of the accounts' folders, as they were loaded */
    struct tui_child child;
    struct tui_progress progress;

    char status[TUI_STATUS];
};

/* How many rows there are for what a view shows. */
size_t tui_body_rows(const struct tui *t);
/* Says something at the foot, until the next key. */
void tui_say(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* poplin_tui_draw.c */
void tui_draw(struct tui *t);

/* poplin_tui_act.c */
void tui_key(struct tui *t, int key);
/* Ctrl-C: stops what is under way, else leaves. */
void tui_interrupt(struct tui *t);
/* The terminal has another size. */
void tui_resize(struct tui *t);

/* poplin_tui_mail.c: the mailbox. Failures are said. */
bool tui_load(struct tui *t); /* what the mailbox has now; false: no memory or no mailbox */
void tui_look(struct tui *t); /* whether another program changed a folder */
void tui_sync(struct tui *t); /* removes what is marked, looks at the folders */
void tui_flag(struct tui *t, struct tui_row *r, unsigned set, unsigned clear);
void tui_search(struct tui *t, const char *terms);
void tui_search_step(struct tui *t); /* some of what is to be read before it */
void tui_fetch(struct tui *t);
void tui_fetch_step(struct tui *t); /* what the child said */

/* poplin_tui_message.c */
void tui_message_open(struct tui *t); /* under the cursor; marks as read */
void tui_message_close(struct tui *t);
void tui_message_show(struct tui *t, enum tui_shape shape);
void tui_message_resize(struct tui *t);
void tui_attachments_open(struct tui *t);
void tui_attachment_put(struct tui *t, struct poplin_attached at, struct buf *out);
void tui_save(struct tui *t, const char *folder);

#endif
