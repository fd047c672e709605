#include "base/escape.h"
#include "cli/poplin_json.h"
#include "cli/poplin_message.h"

/* A message as one JSON object on one line. Texts of any length go through in pieces. */

enum { PIECE = 4096, CALENDAR_LINE = 1024 };

/* Octets at the front that end with a character. */
static size_t piece_size(struct slice text)
{
    size_t n = text.size;
    if (n <= PIECE)
        return n;
    n = PIECE;
    while (n > PIECE - 4 && ((unsigned char)text.data[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void put_text(FILE *out, struct slice text)
{
    char memory[PIECE * 6 + 16];
    fputc('"', out);
    while (text.size > 0) {
        size_t n = piece_size(text);
        struct buf b = buf_over(memory, sizeof memory);
        escape_json(&b, slice_take(text, n), PIECE);
        fwrite(b.data + 1, 1, b.size - 2, out); /* without its quotes */
        text = slice_skip(text, n);
    }
    fputc('"', out);
}

static void put_field(FILE *out, const char *name, struct slice text)
{
    fprintf(out, ",\"%s\":", name);
    put_text(out, text);
}

static void put_bool(FILE *out, const char *name, bool value)
{
    fprintf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_addresses(FILE *out, struct poplin_message *m, const char *name, struct slice field)
{
    struct mime_address_list list = {0};
    mime_message_addresses(&m->mime, 0, field, &list);
    fprintf(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < list.count; i++) {
        fputs(i == 0 ? "[" : ",[", out);
        put_text(out, list.list[i].name);
        fputc(',', out);
        put_text(out, list.list[i].address);
        fputc(']', out);
    }
    fputc(']', out);
}

static void put_attachment(FILE *out, struct poplin_message *m, struct poplin_attached at)
{
    char path[POPLIN_PATH];
    fputs("{\"part\":", out);
    put_text(out, slice_of(path, poplin_attached_path(m, at, path, sizeof path)));
    put_field(out, "filename", poplin_attached_name(m, at));
    put_field(out, "content_type", poplin_attached_type(m, at));
    fputc('}', out);
}

static void put_attachments(FILE *out, struct poplin_message *m)
{
    struct poplin_attached at = POPLIN_ATTACHED_FIRST;
    bool any = false;
    fputs(",\"attachments\":[", out);
    while (poplin_attached_next(m, &at)) {
        fputs(any ? "," : "", out);
        put_attachment(out, m, at);
        any = true;
    }
    fputc(']', out);
}

static void put_calendar(FILE *out, struct poplin_message *m)
{
    char line[CALENDAR_LINE];
    struct buf b = buf_over(line, sizeof line);
    if (poplin_message_put_calendar(m, &b))
        put_field(out, "calendar", buf_slice(&b));
}

static void put_date(FILE *out, struct poplin_message *m)
{
    struct mime_date date;
    char text[JSON_TIME] = "";
    if (mime_message_date(&m->mime, &date))
        json_time_text(date.seconds, text);
    fputs(",\"date\":", out);
    if (text[0])
        fprintf(out, "\"%s\"", text);
    else
        fputs("null", out);
}

void poplin_message_json(struct poplin_message *m, const struct mailbox_entry *e, FILE *out)
{
    struct slice subject = SLICE("");
    uint32_t part;
    (void)mime_message_text(&m->mime, 0, SLICE("Subject"), &subject);
    fprintf(out, "{\"id\":%lld", (long long)e->id);
    put_field(out, "account", slice_str(e->account->name));
    put_field(out, "subject", subject);
    put_field(out, "message_id", e->message_id);
    put_date(out, m);
    put_addresses(out, m, "from", SLICE("From"));
    put_addresses(out, m, "to", SLICE("To"));
    put_addresses(out, m, "cc", SLICE("Cc"));
    put_bool(out, "read", e->read);
    put_bool(out, "flagged", e->flagged);
    put_field(out, "text", poplin_message_text(m, &part));
    put_calendar(out, m);
    put_attachments(out, m);
    fputs("}\n", out);
}
