#include "cli/poplin_message.h"

#include "cli/poplin_text.h"
#include "client/mailbox_join.h"
#include "codec/encoded_word.h"
#include "mime/mime_inline.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MOST = 64 * 1024 * 1024, PIECE = 64 * 1024, CALENDAR_LINE = 1024 };

/* Where the others are missing, the piece is shown. */
static enum status join(struct poplin_message *m, struct mailbox *box,
                        const struct mime_limits *limits)
{
    size_t size = 0;
    if (!slice_equal(m->mime.parser.parts[0].type, SLICE("message/partial")) ||
        mailbox_join(box, m->id, &m->mime, &m->joined, &size) != STATUS_OK)
        return STATUS_OK;
    return mime_message_open(&m->mime, slice_of(m->joined, size), &m->octets.arena, limits);
}

enum status poplin_message_open(struct poplin_message *m, struct mailbox *box, int64_t id)
{
    struct mime_limits limits = mime_limits_default();
    *m = (struct poplin_message){.id = id, .file = -1};
    enum status s = mailbox_open_file(box, id, &m->file);
    if (s == STATUS_OK)
        s = mailbox_bytes_map(m->file, &m->octets);
    if (s == STATUS_OK)
        s = mime_message_open(&m->mime, m->octets.bytes, &m->octets.arena, &limits);
    if (s == STATUS_OK)
        s = join(m, box, &limits);
    return s;
}

void poplin_message_close(struct poplin_message *m)
{
    mailbox_bytes_unmap(&m->octets);
    free(m->joined);
    if (m->file >= 0)
        close(m->file);
}

/* --- header --- */

static void put_name(FILE *out, const char *name)
{
    fprintf(out, "%-9s", name);
}

static void print_addresses(struct poplin_message *m, const char *label, struct slice name,
                            FILE *out)
{
    struct mime_address_list list = {0};
    mime_message_addresses(&m->mime, 0, name, &list);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct mime_address *a = &list.list[i];
        if (i == 0)
            put_name(out, label);
        else
            fputs(", ", out);
        poplin_text_put_line(out, a->name);
        if (a->address.size > 0) {
            fputs(a->name.size > 0 ? " <" : "", out);
            poplin_text_put_line(out, a->address);
            fputs(a->name.size > 0 ? ">" : "", out);
        }
    }
    if (list.count > 0)
        fputc('\n', out);
}

static void print_date(struct poplin_message *m, FILE *out)
{
    struct mime_date date;
    struct tm tm;
    char text[64];
    if (!mime_message_date(&m->mime, &date))
        return;
    time_t t = date.seconds;
    if (localtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &tm) > 0) {
        put_name(out, "Date:");
        fprintf(out, "%s\n", text);
    }
}

static void print_header(struct poplin_message *m, FILE *out)
{
    struct slice subject;
    print_date(m, out);
    print_addresses(m, "From:", SLICE("From"), out);
    print_addresses(m, "Reply-To:", SLICE("Reply-To"), out);
    print_addresses(m, "To:", SLICE("To"), out);
    print_addresses(m, "Cc:", SLICE("Cc"), out);
    if (mime_message_text(&m->mime, 0, SLICE("Subject"), &subject)) {
        put_name(out, "Subject:");
        poplin_text_put_line(out, subject);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void poplin_message_print_headers(struct poplin_message *m, FILE *out)
{
    struct slice rest = mime_message_header(&m->mime, 0);
    struct mime_field field;
    char memory[PIECE];
    while (mime_field_next(&rest, &field)) {
        struct buf text = buf_over(memory, sizeof memory);
        enum charset hint = m->mime.hint;
        encoded_word_decode(field.value, &hint, &text);
        poplin_text_put_line(out, field.name);
        fputs(": ", out);
        poplin_text_put_line(out, buf_slice(&text));
        fputc('\n', out);
    }
}

/* --- text and attachments --- */

void poplin_message_print_text(struct poplin_message *m, uint32_t part, FILE *out, size_t width)
{
    poplin_text_put(out, mailbox_part_text(&m->mime, part, TEXT_MOST), width);
}

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!strchr(" \t\r\n", text.data[i]))
            return false;
    }
    return true;
}

/* The text of the first winmail.dat that has one. */
static struct slice text_within(struct poplin_message *m)
{
    struct slice text = SLICE("");
    for (uint32_t i = 0; i < m->mime.parser.count && text.size == 0; i++) {
        if (poplin_message_within(m, i)->is_tnef)
            text = mailbox_tnef_text(m->mime.arena, &m->within[i]->tnef, TEXT_MOST);
    }
    return text;
}

struct slice poplin_message_text(struct poplin_message *m, uint32_t *part)
{
    struct slice text = SLICE("");
    *part = mime_message_best(&m->mime, false);
    if (*part != MIME_NONE && (m->mime.parser.parts[*part].kind != MIME_LEAF ||
                               !slice_starts(m->mime.parser.parts[*part].type, SLICE("text/"))))
        *part = MIME_NONE;
    if (*part != MIME_NONE)
        text = mailbox_part_text(&m->mime, *part, TEXT_MOST);
    struct slice within = is_blank(text) ? text_within(m) : SLICE("");
    return within.size > 0 ? within : text;
}

bool poplin_message_put_calendar(struct poplin_message *m, struct buf *out)
{
    for (uint32_t i = 0; i < m->mime.parser.count; i++) {
        if (m->mime.parser.parts[i].kind == MIME_LEAF && mailbox_calendar_line(&m->mime, i, out))
            return true;
    }
    return false;
}

/* Where a file stands in a text, a line says so: nobody reads uuencode. */
static void put_text(struct slice text, bool has_files, FILE *out, size_t width)
{
    struct slice rest = text;
    struct mime_inline found;
    while (has_files && mime_inline_next(&rest, &found)) {
        if (!found.is_closed)
            continue; /* what follows it may be text */
        poplin_text_put(out, slice_take(text, (size_t)(found.block.data - text.data)), width);
        fputs(found.name.size > 0 ? "(Here stands a file: " : "(Here stands a file", out);
        poplin_text_put_line(out, found.name);
        fputs(")\n", out);
        text = rest;
    }
    poplin_text_put(out, text, width);
}

void poplin_message_print(struct poplin_message *m, FILE *out, size_t width)
{
    char line[CALENDAR_LINE];
    struct buf calendar = buf_over(line, sizeof line);
    uint32_t shown;
    struct slice text = poplin_message_text(m, &shown);
    bool is_invitation = poplin_message_put_calendar(m, &calendar);
    bool is_only = is_invitation && shown != MIME_NONE &&
                   slice_equal(m->mime.parser.parts[shown].type, SLICE("text/calendar"));
    print_header(m, out);
    if (!is_only && (shown != MIME_NONE || text.size > 0))
        put_text(text, shown != MIME_NONE && poplin_message_within(m, shown)->count > 0, out,
                 width);
    else if (!is_invitation)
        fputs("(This message has no text.)\n", out);
    if (is_invitation) {
        fputs(!is_only && text.size > 0 ? "\n" : "", out);
        poplin_text_put(out, buf_slice(&calendar), width);
    }
    poplin_message_print_attachments(m, shown, out);
}

/* --- octets --- */

bool poplin_message_write_part(struct poplin_message *m, uint32_t part, FILE *out)
{
    char piece[PIECE];
    struct mime_body body;
    size_t n;
    if (m->mime.parser.parts[part].kind != MIME_LEAF) {
        struct slice octets = mime_message_body(&m->mime, part);
        return fwrite(octets.data, 1, octets.size, out) == octets.size;
    }
    mime_body_open(&m->mime, part, &body);
    while ((n = mime_body_read(&body, piece, sizeof piece)) > 0) {
        if (fwrite(piece, 1, n, out) != n)
            return false;
    }
    return true;
}

bool poplin_message_write_text(struct poplin_message *m, uint32_t part, FILE *out)
{
    static struct mime_text text;
    char piece[PIECE];
    size_t n;
    mime_text_open(&m->mime, part, &text);
    while ((n = mime_text_read(&text, piece, sizeof piece)) > 0) {
        if (fwrite(piece, 1, n, out) != n)
            return false;
    }
    return true;
}
