#include "base/escape.h"
#include "cli/poplin_json.h"
#include "cli/poplin_message.h"

/* A message as one JSON object on one line. Texts of any length go through in pieces. */

enum { PIECE = 4096, TEXT_MOST = 64 * 1024 * 1024, PATH_TEXT = 300 };

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

static void put_attachment(FILE *out, struct poplin_message *m, uint32_t part)
{
    char path[PATH_TEXT];
    struct slice name = SLICE("");
    size_t n = mime_part_path(&m->mime.parser, part, path, sizeof path);
    (void)mime_message_file_name(&m->mime, part, &name);
    fputs("{\"part\":", out);
    put_text(out, slice_of(path, n));
    put_field(out, "filename", name);
    put_field(out, "content_type", m->mime.parser.parts[part].type);
    fputc('}', out);
}

static void put_attachments(FILE *out, struct poplin_message *m)
{
    bool any = false;
    fputs(",\"attachments\":[", out);
    for (uint32_t i = 0; i < m->mime.parser.count; i++) {
        if (!mailbox_is_attachment(&m->mime, i))
            continue;
        fputs(any ? "," : "", out);
        put_attachment(out, m, i);
        any = true;
    }
    fputc(']', out);
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
    uint32_t best = mime_message_best(&m->mime, false);
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
    put_field(out, "text",
              best == MIME_NONE ? SLICE("") : mailbox_part_text(&m->mime, best, TEXT_MOST));
    put_attachments(out, m);
    fputs("}\n", out);
}
