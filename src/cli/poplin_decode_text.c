#include "base/escape.h"
#include "cli/poplin_decode.h"
#include "cli/poplin_json.h"
#include "mime/mime_flowed.h"
#include "mime/mime_html.h"

enum { PIECE = 4096 };

/* Text of lines, UTF-8, pieces that end at characters: each octet is four at most when escaped. */
static void print_lines(struct slice piece)
{
    static char memory[4 * 2 * PIECE];
    while (piece.size > 0) {
        struct buf b = buf_over(memory, sizeof memory);
        size_t n = piece.size < 2 * PIECE ? piece.size : 2 * PIECE;
        while (n < piece.size && n > PIECE && ((unsigned char)piece.data[n] & 0xc0) == 0x80)
            n--;
        escape_text(&b, slice_take(piece, n), n);
        fwrite(b.data, 1, b.size, stdout);
        piece = slice_skip(piece, n);
    }
}

static void print_value(struct slice value)
{
    static char memory[4 * 1000 + 8];
    struct buf b = buf_over(memory, sizeof memory);
    escape_plain(&b, value, 1000);
    fwrite(b.data, 1, b.size, stdout);
}

static void print_addresses(struct mime_message *m, const char *title, const char *name)
{
    struct mime_address_list list;
    mime_message_addresses(m, 0, slice_str(name), &list);
    for (uint32_t i = 0; i < list.count; i++) {
        printf(i > 0 ? ", " : "%s: ", title);
        if (list.list[i].name.size > 0) {
            print_value(list.list[i].name);
            putchar(' ');
        }
        putchar('<');
        print_value(list.list[i].address);
        putchar('>');
    }
    if (list.count > 0)
        putchar('\n');
}

static void print_fields(struct mime_message *m)
{
    struct mime_date date;
    struct slice subject;
    char time[JSON_TIME];
    print_addresses(m, "From", "from");
    print_addresses(m, "To", "to");
    print_addresses(m, "Cc", "cc");
    if (mime_message_date(m, &date)) {
        json_time_text(date.seconds, time);
        printf("Date: %s\n", time);
    }
    if (mime_message_text(m, 0, SLICE("subject"), &subject)) {
        fputs("Subject: ", stdout);
        print_value(subject);
        putchar('\n');
    }
    putchar('\n');
}

static void print_flowed(struct mime_text *t, bool is_delsp)
{
    struct mime_flowed f;
    char piece[PIECE], out[2 * PIECE];
    mime_flowed_init(&f, is_delsp);
    for (size_t n; (n = mime_text_read(t, piece, sizeof piece)) > 0;) {
        struct slice s = slice_of(piece, n);
        while (s.size > 0) {
            size_t written = mime_flowed_feed(&f, &s, out, sizeof out);
            print_lines(slice_of(out, written));
        }
    }
    print_lines(slice_of(out, mime_flowed_end(&f, out, sizeof out)));
}

/* The text of HTML comes in pieces that may end within a character: what is left of one is kept. */
struct kept {
    char data[PIECE + 4];
    size_t size;
};

static void print_kept(struct kept *k, size_t more)
{
    size_t size = k->size + more;
    size_t n = size;
    while (n > 0 && size - n < 4 && ((unsigned char)k->data[n - 1] & 0xc0) == 0x80)
        n--;
    if (n > 0 && (unsigned char)k->data[n - 1] >= 0xc0)
        n--;
    size_t wanted = n == size                           ? 0
                    : (unsigned char)k->data[n] >= 0xf0 ? 4
                    : (unsigned char)k->data[n] >= 0xe0 ? 3
                    : (unsigned char)k->data[n] >= 0xc0 ? 2
                                                        : 1;
    if (size - n >= wanted)
        n = size;
    print_lines(slice_of(k->data, n));
    k->size = size - n;
    memmove(k->data, k->data + n, k->size);
}

static void print_html(struct mime_message *m, struct mime_text *t)
{
    static struct mime_html h;
    static struct kept k;
    char piece[PIECE];
    size_t more;
    k.size = 0;
    mime_html_init(&h, m->arena);
    for (size_t n; (n = mime_text_read(t, piece, sizeof piece)) > 0;) {
        struct slice s = slice_of(piece, n);
        while (s.size > 0) {
            more = mime_html_feed(&h, &s, k.data + k.size, sizeof k.data - k.size);
            print_kept(&k, more);
        }
    }
    while ((more = mime_html_end(&h, k.data + k.size, sizeof k.data - k.size)) > 0)
        print_kept(&k, more);
}

static void print_body(struct mime_message *m, uint32_t part)
{
    static struct mime_text t;
    const struct mime_part *p = &m->parser.parts[part];
    char piece[PIECE];
    mime_text_open(m, part, &t);
    if (slice_equal(p->type, SLICE("text/html"))) {
        print_html(m, &t);
    } else if (p->is_flowed) {
        print_flowed(&t, p->is_delsp);
    } else {
        for (size_t n; (n = mime_text_read(&t, piece, sizeof piece)) > 0;)
            print_lines(slice_of(piece, n));
    }
    mime_text_tell(m, part, &t);
    putchar('\n');
}

static void print_within(struct mime_message *m, uint32_t part)
{
    char line[1024];
    struct buf b = buf_over(line, sizeof line);
    const struct mailbox_file *files;
    size_t count = decode_files(m, part, &files);
    for (size_t i = 0; i < count; i++) {
        printf("    %llu octets  ", (unsigned long long)files[i].octets);
        print_value(files[i].name);
        putchar('\n');
    }
    if (mailbox_calendar_line(m, part, &b)) {
        fputs("    ", stdout);
        print_value(buf_slice(&b));
        putchar('\n');
    }
}

static void print_part(struct mime_message *m, uint32_t part)
{
    const struct mime_part *p = &m->parser.parts[part];
    char path[1024];
    struct slice name;
    struct decode_digests d;
    size_t n = mime_part_path(&m->parser, part, path, sizeof path);
    printf("%.*s  ", (int)n, path);
    print_value(p->type);
    if (decode_digest(m, part, &d))
        printf("  %llu octets", (unsigned long long)d.octets);
    if (mime_message_file_name(m, part, &name)) {
        fputs("  ", stdout);
        print_value(name);
    }
    putchar('\n');
    print_within(m, part);
}

static void print_defects(const struct mime_message *m)
{
    char path[1024];
    for (uint32_t i = 0; i < m->parser.defect_count; i++) {
        const struct mime_defect *d = &m->parser.defects[i];
        size_t n = mime_part_path(&m->parser, d->part, path, sizeof path);
        printf("%s%.*s at %llu: %s\n", i == 0 ? "\nDefects:\n" : "", n > 0 ? (int)n : 7,
               n > 0 ? path : "message", (unsigned long long)d->offset, mime_defect_text(d->code));
    }
}

void decode_print_text(struct mime_message *m)
{
    uint32_t best = mime_message_best(m, false);
    print_fields(m);
    if (best != MIME_NONE)
        print_body(m, best);
    puts("Parts:");
    for (uint32_t i = 0; i < m->parser.count; i++) {
        if (m->parser.parts[i].kind == MIME_LEAF)
            print_part(m, i);
    }
    print_defects(m);
}
