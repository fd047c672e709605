#include "base/escape.h"
#include "cli/poplin_decode.h"

/* A piece of a text without its quotes: at most 4096 octets, each six at most when escaped. */
static void print_piece(struct slice piece)
{
    static char memory[6 * 4096 + 2];
    struct buf b = buf_over(memory, sizeof memory);
    escape_json(&b, piece, piece.size);
    fwrite(b.data + 1, 1, b.size - 2, stdout);
}

/* Pieces of UTF-8 end at characters. */
static void print_string(struct slice s)
{
    putchar('"');
    while (s.size > 0) {
        size_t n = s.size < 4096 ? s.size : 4096;
        while (n < s.size && n > 4000 && ((unsigned char)s.data[n] & 0xc0) == 0x80)
            n--;
        print_piece(slice_take(s, n));
        s = slice_skip(s, n);
    }
    putchar('"');
}

static void print_or_null(const char *name, bool is_there, struct slice s)
{
    printf("\"%s\":", name);
    if (is_there)
        print_string(s);
    else
        fputs("null", stdout);
}

static void print_addresses(struct mime_message *m, const char *name)
{
    struct mime_address_list list;
    mime_message_addresses(m, 0, slice_str(name), &list);
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct mime_address *a = &list.list[i];
        fputs(i > 0 ? ",[" : "[", stdout);
        if (a->name.size > 0)
            print_string(a->name);
        else
            fputs("null", stdout);
        putchar(',');
        print_string(a->address);
        putchar(']');
    }
    putchar(']');
}

static void print_headers(struct mime_message *m)
{
    struct slice text = {"", 0};
    struct mime_date date;
    fputs("{\"headers\":{", stdout);
    print_or_null("subject", mime_message_text(m, 0, SLICE("subject"), &text), text);
    putchar(',');
    print_or_null("message_id", mime_message_id(m, 0, SLICE("message-id"), &text), text);
    if (mime_message_date(m, &date))
        printf(",\"date\":%lld", (long long)date.seconds);
    else
        fputs(",\"date\":null", stdout);
    print_addresses(m, "from");
    print_addresses(m, "to");
    print_addresses(m, "cc");
    fputs("},\"tree\":", stdout);
}

static void print_tree(struct mime_message *m)
{
    struct arena *a = m->arena;
    size_t mark = a->size;
    size_t room = a->capacity - a->size;
    struct buf b = buf_over(arena_take(a, room, 1), room);
    mime_message_tree(m, &b);
    print_string(buf_slice(&b));
    a->size = mark;
}

static void print_text(struct mime_message *m, uint32_t part)
{
    static struct mime_text t;
    char piece[4096];
    fputs(",\"text\":\"", stdout);
    mime_text_open(m, part, &t);
    for (size_t n; (n = mime_text_read(&t, piece, sizeof piece)) > 0;)
        print_piece(slice_of(piece, n));
    mime_text_tell(m, part, &t);
    putchar('"');
}

static void print_within(struct mime_message *m, uint32_t part)
{
    char line[1024];
    struct buf b = buf_over(line, sizeof line);
    const struct mailbox_file *files;
    size_t count = decode_files(m, part, &files);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ",{\"filename\":" : ",\"contains\":[{\"filename\":", stdout);
        print_string(files[i].name);
        printf(",\"octets\":%llu}", (unsigned long long)files[i].octets);
    }
    fputs(count > 0 ? "]" : "", stdout);
    if (mailbox_calendar_line(m, part, &b)) {
        fputs(",\"calendar\":", stdout);
        print_string(buf_slice(&b));
    }
}

static void print_part(struct mime_message *m, uint32_t part)
{
    const struct mime_part *p = &m->parser.parts[part];
    char path[1024];
    struct slice text = {"", 0};
    struct slice type = p->type;
    struct slice charset = p->charset;
    struct decode_digests d;
    fputs("{\"path\":", stdout);
    print_string(slice_of(path, mime_part_path(&m->parser, part, path, sizeof path)));
    putchar(',');
    print_or_null("content_type", true, type);
    putchar(',');
    print_or_null("charset", charset.size > 0, charset);
    putchar(',');
    struct slice disposition = mime_message_disposition(m, part);
    print_or_null("disposition", disposition.size > 0, disposition);
    putchar(',');
    print_or_null("content_id", mime_message_id(m, part, SLICE("content-id"), &text), text);
    putchar(',');
    print_or_null("filename", mime_message_file_name(m, part, &text), text);
    if (decode_digest(m, part, &d))
        printf(",\"octets\":%llu,\"sha256\":\"%s\",\"sha256_lf\":\"%s\"",
               (unsigned long long)d.octets, d.sha256, d.sha256_lf);
    if (slice_starts(type, SLICE("text/")))
        print_text(m, part);
    print_within(m, part);
    putchar('}');
}

static void print_parts(struct mime_message *m)
{
    bool has_some = false;
    fputs(",\"parts\":[", stdout);
    for (uint32_t i = 0; i < m->parser.count; i++) {
        if (m->parser.parts[i].kind != MIME_LEAF)
            continue;
        fputs(has_some ? "," : "", stdout);
        has_some = true;
        print_part(m, i);
    }
    putchar(']');
}

static void print_defects(const struct mime_message *m)
{
    char path[1024];
    fputs(",\"defects\":[", stdout);
    for (uint32_t i = 0; i < m->parser.defect_count; i++) {
        const struct mime_defect *d = &m->parser.defects[i];
        printf("%s{\"code\":\"%s\",\"part\":", i > 0 ? "," : "", mime_defect_name(d->code));
        print_string(slice_of(path, mime_part_path(&m->parser, d->part, path, sizeof path)));
        printf(",\"offset\":%llu}", (unsigned long long)d->offset);
    }
    putchar(']');
}

void decode_print_json(struct mime_message *m)
{
    print_headers(m);
    print_tree(m);
    print_parts(m);
    print_defects(m);
    fputs("}\n", stdout);
}
