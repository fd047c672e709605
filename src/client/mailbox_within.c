#include "client/mailbox_within.h"

#include "client/deliver_driver.h"
#include "client/mailbox_read.h"
#include "codec/encoded_word.h"
#include "mime/mime_calendar.h"
#include "mime/mime_inline.h"

enum { PIECE = 16 * 1024, CALENDAR_MOST = 256 * 1024, FILES_AT_FIRST = 8, NAME_TEXT = 1000 };

/* --- finding --- */

static bool add(struct arena *arena, struct mailbox_within *w, size_t *room,
                const struct mailbox_file *f)
{
    if (w->count == MAILBOX_WITHIN)
        return false;
    if (w->count == *room) {
        size_t more = *room ? 2 * *room : FILES_AT_FIRST;
        size_t size = sizeof *w->files;
        struct mailbox_file *files =
            w->files ? arena_grow(arena, w->files, *room * size, more * size, _Alignof(max_align_t))
                     : arena_take(arena, more * size, _Alignof(max_align_t));
        if (!files)
            return false;
        w->files = files;
        *room = more;
    }
    w->files[w->count++] = *f;
    return true;
}

static uint64_t octets_of(const struct mime_inline *found)
{
    char out[PIECE];
    struct transfer t;
    struct slice rest = found->block;
    uint64_t octets = 0;
    transfer_init(&t, found->encoding);
    while (rest.size > 0)
        octets += transfer_feed(&t, &rest, out, sizeof out);
    return octets + transfer_end(&t, out);
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        if ((unsigned char)s.data[i] > 0x7f)
            return false;
    }
    return true;
}

/* A name in another charset is in that of the text, as a rule. */
static struct slice name_in_utf8(struct mime_message *m, uint32_t part, struct slice name)
{
    char memory[NAME_TEXT];
    struct buf text = buf_over(memory, sizeof memory);
    if (is_ascii(name))
        return name;
    enum charset hint = charset_find(m->parser.parts[part].charset);
    encoded_word_decode(name, &hint, &text);
    struct slice copy = arena_copy(m->arena, buf_slice(&text));
    return copy.data ? copy : name;
}

static void look_into_text(struct mime_message *m, uint32_t part, struct slice text,
                           struct mailbox_within *out)
{
    struct mime_inline found;
    size_t room = 0;
    while (mime_inline_next(&text, &found)) {
        struct mailbox_file f = {.name = name_in_utf8(m, part, found.name),
                                 .type = SLICE(""),
                                 .encoding = found.encoding,
                                 .block = found.block,
                                 .octets = octets_of(&found)};
        if (!add(m->arena, out, &room, &f))
            return;
    }
}

static void look_into_tnef(struct arena *arena, struct slice octets, struct mailbox_within *out)
{
    size_t room = 0;
    out->is_tnef = mime_tnef_open(octets, arena, &out->tnef);
    out->is_damaged = !out->is_tnef || out->tnef.is_broken || out->tnef.is_limited;
    for (uint32_t i = 0; out->is_tnef && i < out->tnef.count; i++) {
        const struct mime_tnef_attachment *a = &out->tnef.attachments[i];
        struct mailbox_file f = {.name = a->name,
                                 .type = a->is_message ? SLICE("application/ms-tnef") : a->type,
                                 .encoding = TRANSFER_IDENTITY,
                                 .block = a->data,
                                 .octets = a->data.size};
        if (!add(arena, out, &room, &f)) {
            out->is_damaged = true;
            return;
        }
    }
}

/* Text is read as a whole only when it looks as if it held a file. */
static bool may_have_files(const struct mime_message *m, uint32_t part)
{
    static const char begin[] = "begin ";
    struct slice body = mime_message_body(m, part);
    return slice_equal(m->parser.parts[part].type, SLICE("text/plain")) &&
           memmem(body.data, body.size, begin, sizeof begin - 1) != NULL;
}

enum status mailbox_within(struct mime_message *m, uint32_t part, struct mailbox_within *out)
{
    struct slice type = m->parser.parts[part].type;
    struct slice octets;
    *out = (struct mailbox_within){0};
    if (m->parser.parts[part].kind != MIME_LEAF)
        return STATUS_OK;
    out->is_tnef_type = slice_equal(type, SLICE("application/ms-tnef")) ||
                        slice_equal(type, SLICE("application/vnd.ms-tnef"));
    if (!out->is_tnef_type && !may_have_files(m, part))
        return STATUS_OK;
    if (!mime_body_whole(m, part, &octets))
        return STATUS_NO_MEMORY;
    if (out->is_tnef_type)
        look_into_tnef(m->arena, octets, out);
    else
        look_into_text(m, part, octets, out);
    return STATUS_OK;
}

/* --- what was found --- */

bool mailbox_file_write(const struct mailbox_file *f, int to)
{
    char piece[PIECE];
    struct transfer t;
    struct slice rest = f->block;
    if (f->encoding == TRANSFER_IDENTITY)
        return deliver_write_all(to, rest);
    transfer_init(&t, f->encoding);
    while (rest.size > 0) {
        size_t n = transfer_feed(&t, &rest, piece, sizeof piece);
        if (!deliver_write_all(to, slice_of(piece, n)))
            return false;
    }
    return deliver_write_all(to, slice_of(piece, transfer_end(&t, piece)));
}

/* CRLF and CR as LF. */
static struct slice with_lf(struct arena *arena, struct slice text)
{
    size_t size = 0;
    char *out = arena_take(arena, text.size + 1, 1);
    if (!out)
        return SLICE("");
    for (size_t i = 0; i < text.size; i++) {
        bool is_crlf = text.data[i] == '\r' && i + 1 < text.size && text.data[i + 1] == '\n';
        if (!is_crlf)
            out[size++] = text.data[i] == '\r' ? '\n' : text.data[i];
    }
    return slice_of(out, size);
}

struct slice mailbox_tnef_text(struct arena *arena, const struct mime_tnef *t, size_t limit)
{
    if (t->unicode_text.size > 0)
        return with_lf(arena, t->unicode_text);
    if (t->text.size > 0)
        return with_lf(arena, mailbox_text_of(arena, t->text, t->charset, limit));
    struct slice html = mailbox_text_of(arena, t->html, t->charset, limit);
    return mailbox_html_text(arena, html, limit);
}

bool mailbox_calendar_line(struct mime_message *m, uint32_t part, struct buf *out)
{
    struct mime_text t;
    size_t size = 0;
    if (!slice_equal(m->parser.parts[part].type, SLICE("text/calendar")))
        return false;
    mime_text_open(m, part, &t);
    size_t mark = m->arena->size;
    char *text = arena_take(m->arena, CALENDAR_MOST, 1);
    if (!text)
        return false;
    for (size_t n = 1; n > 0 && CALENDAR_MOST - size >= CHARSET_ROOM; size += n)
        n = mime_text_read(&t, text + size, CALENDAR_MOST - size);
    bool is_there = mime_calendar_line(slice_of(text, size), out);
    m->arena->size = mark;
    return is_there;
}
