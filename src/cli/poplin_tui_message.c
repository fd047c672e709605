#include "cli/poplin_text.h"
#include "cli/poplin_tui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { RAW_MOST = 4 * 1024 * 1024 };

/* --- text --- */

static void print_raw(struct tui *t, FILE *out)
{
    struct slice octets = t->message.octets.bytes;
    bool is_long = octets.size > RAW_MOST;
    poplin_text_put(out, is_long ? slice_take(octets, RAW_MOST) : octets, 0);
    if (is_long)
        fprintf(out, "(It goes on: `poplin read --raw %lld` shows all.)\n",
                (long long)t->message.id);
}

static void print_shape(struct tui *t, FILE *out)
{
    if (t->shape == TUI_SHAPE_RAW) {
        print_raw(t, out);
    } else if (t->shape == TUI_SHAPE_PART) {
        poplin_message_print_text(&t->message, t->part, out, t->columns);
    } else {
        if (t->shape == TUI_SHAPE_HEADERS) {
            poplin_message_print_headers(&t->message, out);
            fputc('\n', out);
        }
        poplin_message_print(&t->message, out, t->columns);
    }
}

/* What is printed is safe already; the second pass breaks the lines that a pager would have broken:
 * long fields of the header. */
static bool wrap(struct tui *t, char *octets, size_t size)
{
    char *wrapped = NULL;
    size_t wrapped_size = 0;
    FILE *out = open_memstream(&wrapped, &wrapped_size);
    if (!out)
        return false;
    poplin_text_put(out, slice_of(octets, size), t->columns);
    if (fclose(out) == 0)
        return tui_text_set(&t->text, wrapped, wrapped_size);
    free(wrapped);
    return false;
}

static void render(struct tui *t)
{
    char *octets = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&octets, &size);
    if (out)
        print_shape(t, out);
    bool good = out && fclose(out) == 0 && wrap(t, octets, size);
    free(octets);
    if (!good)
        tui_say(t, "out of memory");
}

void tui_message_show(struct tui *t, enum tui_shape shape)
{
    t->shape = shape;
    t->text.scroll.height = tui_body_rows(t);
    render(t);
    t->text.scroll.top = 0;
    tui_scroll_resize(&t->text.scroll, t->text.scroll.count, tui_body_rows(t));
    t->view = TUI_VIEW_MESSAGE;
}

void tui_message_resize(struct tui *t)
{
    size_t top = t->text.scroll.top, count = t->text.scroll.count;
    if (!t->has_message)
        return;
    t->text.scroll.height = tui_body_rows(t);
    render(t);
    tui_text_keep_place(&t->text, top, count);
}

/* --- opening --- */

void tui_message_close(struct tui *t)
{
    if (t->has_message)
        poplin_message_close(&t->message);
    t->has_message = false;
    tui_text_wipe(&t->text);
}

static bool open_under_cursor(struct tui *t)
{
    const struct tui_row *r = tui_list_at(&t->list);
    tui_message_close(t);
    if (!r)
        return false;
    enum status s = poplin_message_open(&t->message, t->mail.box, r->id);
    t->has_message = s == STATUS_OK;
    if (!t->has_message) {
        poplin_message_close(&t->message);
        tui_say(t, "%s", mailbox_error(t->mail.box));
    }
    return t->has_message;
}

void tui_message_open(struct tui *t)
{
    if (!open_under_cursor(t)) {
        t->view = TUI_VIEW_LIST;
        return;
    }
    tui_message_show(t, TUI_SHAPE_TEXT);
    struct tui_row *r = tui_list_at(&t->list);
    if (!r->read)
        tui_flag(t, r, MAILDIR_READ, 0);
}

/* --- attachments --- */

void tui_attachments_open(struct tui *t)
{
    struct poplin_attached at = POPLIN_ATTACHED_FIRST;
    size_t n = 0;
    if (t->view == TUI_VIEW_LIST && !open_under_cursor(t))
        return;
    while (n < TUI_ATTACHMENTS_MOST && poplin_attached_next(&t->message, &at))
        t->attached[n++] = at;
    if (n == 0) {
        tui_say(t, "Nothing is attached");
        return;
    }
    t->attachments.at = 0;
    tui_cursor_resize(&t->attachments, n, tui_body_rows(t));
    t->view = TUI_VIEW_ATTACHMENTS;
}

void tui_attachment_put(struct tui *t, struct poplin_attached at, struct buf *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream)
        poplin_attached_print(&t->message, at, stream);
    if (stream && fclose(stream) == 0)
        buf_put(out, slice_take(slice_of(text, size), slice_find(slice_of(text, size), '\n')));
    free(text);
}

/* --- saving --- */

static int open_folder(const char *folder)
{
    char path[LIMIT_PATH];
    const char *home = getenv("HOME");
    if (folder[0] == '~' && (folder[1] == '/' || folder[1] == '\0') && home)
        snprintf(path, sizeof path, "%s%s", home, folder + 1);
    else
        snprintf(path, sizeof path, "%s", folder[0] != '\0' ? folder : ".");
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool save_one(struct tui *t, struct poplin_attached at, int folder, size_t *saved)
{
    char name[MAILBOX_SAVE_NAME] = "";
    if (poplin_attached_save(&t->message, at, folder, name) != STATUS_OK) {
        tui_say(t, "%s cannot be written: %s", name[0] ? name : "a file", strerror(errno));
        return false;
    }
    (*saved)++;
    tui_say(t, "Saved %s", name);
    return true;
}

void tui_save(struct tui *t, const char *folder)
{
    struct poplin_attached at = POPLIN_ATTACHED_FIRST;
    size_t saved = 0;
    bool good = true;
    int to = open_folder(folder);
    if (to < 0) {
        tui_say(t, "%s: %s; make the folder first", folder, strerror(errno));
        return;
    }
    if (!t->saves_all)
        good = save_one(t, t->attached[t->attachments.at], to, &saved);
    while (t->saves_all && good && poplin_attached_next(&t->message, &at)) {
        if (!poplin_attached_is_opened(&t->message, at))
            good = save_one(t, at, to, &saved);
    }
    close(to);
    if (good && saved > 1)
        tui_say(t, "Saved %zu files", saved);
}
