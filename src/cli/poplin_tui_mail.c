#include "cli/poplin_tui.h"

#include <time.h>

enum { FILL_MESSAGES = 200, FILL_MS = 50, PIECE = 4096, READS = 16 };

static void say_failure(struct tui *t)
{
    tui_say(t, "%s", mailbox_error(t->mail.box));
}

/* --- loading --- */

static bool add(void *context, const struct mailbox_entry *e)
{
    return tui_list_add(context, e);
}

static bool note_found(void *context, const struct mailbox_entry *e)
{
    tui_list_found(context, e->id);
    return true;
}

/* What the search in force finds now. */
static void find(struct tui *t)
{
    tui_list_forget_found(&t->list);
    if (t->list.is_search &&
        mailbox_each(t->mail.box, &t->query, note_found, &t->list) != STATUS_OK)
        say_failure(t);
    /* What is being read stays where it is, found or not. */
    if (t->has_message && t->view != TUI_VIEW_LIST)
        tui_list_found(&t->list, t->message.id);
}

static void show(struct tui *t, int64_t id)
{
    if (!tui_list_show(&t->list, id))
        tui_say(t, "out of memory");
}

bool tui_load(struct tui *t)
{
    static struct mailbox_query all;
    struct tui_list fresh = {0};
    int64_t id = tui_list_id(&t->list);
    mailbox_query_init(&all);
    enum status s = mailbox_each(t->mail.box, &all, add, &fresh);
    if (s != STATUS_OK) {
        tui_list_wipe(&fresh);
        say_failure(t);
        return false;
    }
    tui_list_take_over(&fresh, &t->list);
    tui_list_wipe(&t->list);
    t->list = fresh;
    find(t);
    show(t, id);
    return true;
}

/* --- what other programs do --- */

static bool is_changed(struct tui *t)
{
    bool changed = false;
    for (size_t i = 0; i < t->mail.accounts.count; i++) {
        const struct account *a = &t->mail.accounts.list[i];
        struct maildir_stamp now = {0};
        if (a->target != ACCOUNT_TARGET_MAILDIR ||
            maildir_stamp_read(a->arguments[0], &now) != STATUS_OK ||
            memcmp(&now, &t->stamps[i], sizeof now) == 0)
            continue;
        t->stamps[i] = now;
        changed = true;
    }
    return changed;
}

void tui_look(struct tui *t)
{
    if (t->view != TUI_VIEW_LIST || t->asks != TUI_ASKS_NOTHING || !is_changed(t))
        return;
    if (mailbox_sync(t->mail.box) != STATUS_OK)
        say_failure(t);
    else
        (void)tui_load(t);
    t->is_changed = true;
}

/* --- changes --- */

void tui_flag(struct tui *t, struct tui_row *r, unsigned set, unsigned clear)
{
    if (mailbox_flag(t->mail.box, r->id, set, clear) != STATUS_OK) {
        say_failure(t);
        return;
    }
    r->read = (r->read || (set & MAILDIR_READ)) && !(clear & MAILDIR_READ);
    r->flagged = (r->flagged || (set & MAILDIR_FLAGGED)) && !(clear & MAILDIR_FLAGGED);
}

/* The first failure ends it: what is left stays marked. */
static bool remove_marked(struct tui *t, size_t *removed)
{
    for (size_t i = 0; i < t->list.count; i++) {
        struct tui_row *r = &t->list.rows[i];
        if (!r->is_deleted)
            continue;
        enum status s = mailbox_delete(t->mail.box, r->id, false);
        if (s != STATUS_OK && s != STATUS_NOT_FOUND) {
            say_failure(t);
            return false;
        }
        r->is_deleted = false;
        (*removed)++;
    }
    return true;
}

void tui_sync(struct tui *t)
{
    size_t removed = 0;
    bool good = remove_marked(t, &removed);
    if (good && mailbox_sync(t->mail.box) != STATUS_OK) {
        say_failure(t);
        good = false;
    }
    if (!tui_load(t))
        good = false;
    if (good && removed > 0)
        tui_say(t, "%zu removed", removed);
    t->is_done = t->is_done && good;
}

/* --- search --- */

static void search_now(struct tui *t)
{
    int64_t id = tui_list_id(&t->list);
    t->is_reading = false;
    t->list.is_search = true;
    find(t);
    show(t, id);
    if (t->list.cursor.count == 0)
        tui_say(t, "Nothing found; a shows all again");
}

void tui_search(struct tui *t, const char *terms)
{
    char why[200];
    int64_t id = tui_list_id(&t->list);
    t->is_reading = false;
    if (terms[strspn(terms, " ")] == '\0') {
        t->list.is_search = false;
        show(t, id);
        return;
    }
    mailbox_query_init(&t->query);
    enum status s = mailbox_query_parse(&t->query, slice_str(terms), time(NULL), why);
    if (s != STATUS_OK || t->query.count == 0) {
        t->list.is_search = false;
        show(t, id);
        tui_say(t, "%s", s != STATUS_OK ? why : "What shall be searched for?");
        return;
    }
    snprintf(t->terms, sizeof t->terms, "%s", terms);
    if (t->query.needs_text)
        t->is_reading = true;
    else
        search_now(t);
}

void tui_search_step(struct tui *t)
{
    uint64_t left = 0;
    enum status s = mailbox_fill(t->mail.box, FILL_MESSAGES, FILL_MS, &left);
    if (s == STATUS_OK && left > 0) {
        tui_say(t, "%llu messages to be read first (Ctrl-C stops)", (unsigned long long)left);
        return;
    }
    t->status[0] = '\0';
    search_now(t);
    if (s != STATUS_OK)
        say_failure(t);
}

/* --- fetch --- */

void tui_fetch(struct tui *t)
{
    const char *account = t->list.only ? t->list.only->name : NULL;
    if (t->child.process > 0)
        return;
    tui_progress_begin(&t->progress);
    enum status s = tui_child_start(&t->child, poplin_config_path(), account);
    if (s != STATUS_OK)
        tui_say(t, "fetch cannot be started: %s", status_name(s));
}

static void end_fetch(struct tui *t, int code)
{
    char memory[TUI_STATUS];
    struct buf text = buf_over(memory, sizeof memory);
    tui_progress_put_end(&t->progress, code, &text);
    if (mailbox_sync(t->mail.box) != STATUS_OK)
        say_failure(t);
    else if (tui_load(t))
        tui_say(t, "%.*s", SLICE_ARGS(buf_slice(&text)));
}

void tui_fetch_step(struct tui *t)
{
    char piece[PIECE];
    size_t got;
    int code = 0;
    for (int i = 0; i < READS; i++) {
        enum status s = tui_child_read(&t->child, piece, sizeof piece, &got, &code);
        if (s == STATUS_OK)
            tui_progress_feed(&t->progress, slice_of(piece, got));
        if (s == STATUS_CLOSED)
            end_fetch(t, code);
        if (s != STATUS_OK)
            return;
    }
}
