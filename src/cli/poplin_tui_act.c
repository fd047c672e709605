#include "cli/poplin_tui.h"

#include <stdarg.h>
#include <stdlib.h>

enum { HELP_MOST = 16 * 1024 };

void tui_say(struct tui *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->status, sizeof t->status, format, arguments);
    va_end(arguments);
    t->is_changed = true;
}

/* --- moving --- */

static struct tui_cursor *cursor_of(struct tui *t)
{
    return t->view == TUI_VIEW_ATTACHMENTS ? &t->attachments
           : t->view == TUI_VIEW_ACCOUNTS  ? &t->accounts
                                           : &t->list.cursor;
}

static void move(struct tui *t, long rows)
{
    if (t->view == TUI_VIEW_MESSAGE)
        tui_scroll_move(&t->text.scroll, rows);
    else if (t->view == TUI_VIEW_HELP)
        tui_scroll_move(&t->help.scroll, rows);
    else
        tui_cursor_move(cursor_of(t), rows);
}

/* A line of the page before stays, so that the eye finds its place. */
static long page(const struct tui *t)
{
    size_t rows = tui_body_rows(t);
    return rows > 1 ? (long)rows - 1 : 1;
}

static void go_to(struct tui *t, size_t at)
{
    tui_cursor_go(&t->list.cursor, at);
    if (t->view == TUI_VIEW_MESSAGE)
        tui_message_open(t);
}

static void go_unread(struct tui *t, int direction)
{
    size_t at;
    if (tui_list_find_unread(&t->list, direction, &at))
        go_to(t, at);
    else
        tui_say(t, "No other unread message");
}

static void go_kept(struct tui *t, int direction)
{
    size_t at;
    if (tui_list_find_kept(&t->list, direction, &at))
        go_to(t, at);
    else
        tui_say(t, direction > 0 ? "This is the last message" : "This is the first message");
}

/* --- changing --- */

/* The message that is meant; NULL: none, or another program removed the one that is shown. */
static struct tui_row *meant(struct tui *t)
{
    struct tui_row *r = tui_list_at(&t->list);
    if (r && t->view != TUI_VIEW_LIST && r->id != t->message.id)
        r = NULL;
    if (!r)
        tui_say(t, "There is no message");
    return r;
}

static void mark_deleted(struct tui *t, bool is_deleted)
{
    struct tui_row *r = meant(t);
    size_t at;
    if (!r)
        return;
    r->is_deleted = is_deleted;
    if (!is_deleted && t->view == TUI_VIEW_LIST)
        tui_cursor_move(&t->list.cursor, 1);
    else if (is_deleted && tui_list_find_kept(&t->list, 1, &at))
        go_to(t, at);
    else if (is_deleted)
        tui_say(t, "Marked for removal; u takes it back");
}

static void toggle(struct tui *t, unsigned flag)
{
    struct tui_row *r = meant(t);
    if (!r)
        return;
    bool is_set = flag == MAILDIR_READ ? r->read : r->flagged;
    tui_flag(t, r, is_set ? 0 : flag, is_set ? flag : 0);
}

/* --- questions --- */

static void ask(struct tui *t, enum tui_question what, const char *question, const char *text)
{
    t->asks = what;
    tui_prompt_begin(&t->prompt, question, text);
}

static void ask_folder(struct tui *t)
{
    t->saves_all = t->view != TUI_VIEW_ATTACHMENTS;
    if (t->saves_all) {
        enum tui_view view = t->view;
        tui_attachments_open(t);
        if (t->view != TUI_VIEW_ATTACHMENTS)
            return;
        t->view = view;
    }
    ask(t, TUI_ASKS_FOLDER, "Save into the folder: ", t->folder);
}

static void ask_removal(struct tui *t)
{
    static char question[100];
    size_t n = tui_list_deleted(&t->list);
    if (n == 0) {
        t->is_done = true;
        return;
    }
    snprintf(question, sizeof question, "Remove %zu? y: yes  n: leave without  else: stay ", n);
    ask(t, TUI_ASKS_REMOVAL, question, "");
}

static void answer_removal(struct tui *t, int key)
{
    t->asks = TUI_ASKS_NOTHING;
    t->is_done = key == 'y' || key == 'n';
    if (key == 'y')
        tui_sync(t);
}

static void answer(struct tui *t, int key)
{
    enum tui_question asked = t->asks;
    if (asked == TUI_ASKS_REMOVAL) {
        answer_removal(t, key);
        return;
    }
    enum tui_answer a = tui_prompt_key(&t->prompt, key);
    if (a == TUI_ANSWER_MORE)
        return;
    t->asks = TUI_ASKS_NOTHING;
    if (a == TUI_ANSWER_GIVEN_UP)
        return;
    if (asked == TUI_ASKS_TERMS) {
        tui_search(t, t->prompt.text);
    } else {
        snprintf(t->folder, sizeof t->folder, "%s", t->prompt.text);
        tui_save(t, t->folder);
    }
}

/* --- views --- */

static void show_help(struct tui *t)
{
    char *memory = malloc(HELP_MOST);
    if (!memory)
        return;
    struct buf text = buf_over(memory, HELP_MOST);
    tui_help_text(&text);
    t->help.scroll.height = tui_body_rows(t);
    if (tui_text_set(&t->help, memory, text.size)) {
        t->before_help = t->view;
        t->view = TUI_VIEW_HELP;
    }
}

static void show_accounts(struct tui *t)
{
    const struct account *only = t->list.only;
    t->view = TUI_VIEW_ACCOUNTS;
    tui_cursor_resize(&t->accounts, t->mail.accounts.count + 1, tui_body_rows(t));
    tui_cursor_go(&t->accounts, only ? (size_t)(only - t->mail.accounts.list) + 1 : 0);
}

static void choose_account(struct tui *t)
{
    size_t at = t->accounts.at;
    t->list.only = at > 0 ? &t->mail.accounts.list[at - 1] : NULL;
    t->view = TUI_VIEW_LIST;
    if (tui_list_show(&t->list, 0))
        tui_list_go_start(&t->list);
}

static void show_attachments(struct tui *t)
{
    enum tui_view view = t->view;
    tui_attachments_open(t);
    if (t->view == TUI_VIEW_ATTACHMENTS)
        t->attachments_from = view;
}

static void show_part(struct tui *t)
{
    struct poplin_attached at = t->attached[t->attachments.at];
    t->part = at.part;
    if (at.number == 0 && slice_starts(t->message.mime.parser.parts[t->part].type, SLICE("text/")))
        tui_message_show(t, TUI_SHAPE_PART);
    else
        tui_say(t, "It is no text; s saves it");
}

static void open_row(struct tui *t)
{
    if (t->view == TUI_VIEW_LIST)
        tui_message_open(t);
    else if (t->view == TUI_VIEW_ATTACHMENTS)
        show_part(t);
    else
        choose_account(t);
}

static void leave_message(struct tui *t)
{
    tui_message_close(t);
    t->view = TUI_VIEW_LIST;
}

static void back(struct tui *t)
{
    if (t->view == TUI_VIEW_HELP)
        t->view = t->before_help;
    else if (t->view == TUI_VIEW_ACCOUNTS)
        t->view = TUI_VIEW_LIST;
    else if (t->view == TUI_VIEW_MESSAGE && t->shape == TUI_SHAPE_PART)
        t->view = TUI_VIEW_ATTACHMENTS;
    else if (t->view == TUI_VIEW_ATTACHMENTS && t->attachments_from == TUI_VIEW_MESSAGE)
        tui_message_show(t, TUI_SHAPE_TEXT);
    else
        leave_message(t);
}

/* --- all --- */

static bool act_on_place(struct tui *t, enum tui_action action)
{
    switch (action) {
    case TUI_UP:
    case TUI_DOWN:
        move(t, action == TUI_UP ? -1 : 1);
        return true;
    case TUI_PAGE_UP:
    case TUI_PAGE_DOWN:
        move(t, action == TUI_PAGE_UP ? -page(t) : page(t));
        return true;
    case TUI_PAGE_DOWN_OR_NEXT:
        if (tui_scroll_at_end(&t->text.scroll))
            go_kept(t, 1);
        else
            move(t, page(t));
        return true;
    case TUI_FIRST:
    case TUI_LAST:
        move(t, action == TUI_FIRST ? -INT32_MAX : INT32_MAX);
        return true;
    case TUI_NEXT:
    case TUI_PREVIOUS:
        go_kept(t, action == TUI_NEXT ? 1 : -1);
        return true;
    case TUI_NEXT_UNREAD:
    case TUI_PREVIOUS_UNREAD:
        go_unread(t, action == TUI_NEXT_UNREAD ? 1 : -1);
        return true;
    default:
        return false;
    }
}

static bool act_on_message(struct tui *t, enum tui_action action)
{
    switch (action) {
    case TUI_OPEN:
        open_row(t);
        return true;
    case TUI_DELETE:
    case TUI_UNDELETE:
        mark_deleted(t, action == TUI_DELETE);
        return true;
    case TUI_TOGGLE_FLAG:
    case TUI_TOGGLE_READ:
        toggle(t, action == TUI_TOGGLE_FLAG ? MAILDIR_FLAGGED : MAILDIR_READ);
        return true;
    case TUI_ATTACHMENTS:
        show_attachments(t);
        return true;
    case TUI_SAVE:
        ask_folder(t);
        return true;
    case TUI_HEADERS:
        tui_message_show(t, t->shape == TUI_SHAPE_HEADERS ? TUI_SHAPE_TEXT : TUI_SHAPE_HEADERS);
        return true;
    case TUI_RAW:
        tui_message_show(t, t->shape == TUI_SHAPE_RAW ? TUI_SHAPE_TEXT : TUI_SHAPE_RAW);
        return true;
    default:
        return false;
    }
}

static void act_on_all(struct tui *t, enum tui_action action)
{
    switch (action) {
    case TUI_SEARCH:
        ask(t, TUI_ASKS_TERMS, "Search: ", "");
        break;
    case TUI_ALL:
        tui_search(t, "");
        break;
    case TUI_ACCOUNTS:
        show_accounts(t);
        break;
    case TUI_FETCH:
        tui_fetch(t);
        break;
    case TUI_SYNC:
        tui_sync(t);
        break;
    case TUI_HELP:
        show_help(t);
        break;
    case TUI_REDRAW:
        tui_resize(t);
        break;
    case TUI_BACK:
        back(t);
        break;
    case TUI_QUIT:
        ask_removal(t);
        break;
    case TUI_EXIT:
        t->is_done = true;
        break;
    default:
        tui_say(t, "This key does nothing here; ? shows the keys");
    }
}

void tui_key(struct tui *t, int key)
{
    t->is_changed = true;
    t->status[0] = '\0';
    if (t->asks != TUI_ASKS_NOTHING) {
        answer(t, key);
        return;
    }
    enum tui_action action = tui_key_action(t->view, key);
    if (!act_on_place(t, action) && !act_on_message(t, action))
        act_on_all(t, action);
}

void tui_interrupt(struct tui *t)
{
    t->is_changed = true;
    if (t->asks != TUI_ASKS_NOTHING) {
        t->asks = TUI_ASKS_NOTHING;
    } else if (t->is_reading) {
        t->is_reading = false;
        tui_say(t, "The search was stopped");
    } else if (t->child.process > 0) {
        tui_child_stop(&t->child);
        tui_say(t, "Fetch stops after the message that is under way");
    } else {
        t->is_done = true;
    }
}
