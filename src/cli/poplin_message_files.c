#include "cli/poplin_message.h"
#include "cli/poplin_rows.h"
#include "cli/poplin_text.h"

/* What is attached to a message: parts, and the files within parts. */

static const struct mailbox_within nothing;

const struct mailbox_within *poplin_message_within(struct poplin_message *m, uint32_t part)
{
    size_t count = m->mime.parser.count;
    if (!m->within) {
        m->within = ARENA_NEW(m->mime.arena, struct mailbox_within *, count);
        for (size_t i = 0; m->within && i < count; i++)
            m->within[i] = NULL;
    }
    if (!m->within)
        return &nothing;
    if (!m->within[part]) {
        m->within[part] = ARENA_NEW(m->mime.arena, struct mailbox_within, 1);
        if (m->within[part])
            (void)mailbox_within(&m->mime, part, m->within[part]);
    }
    return m->within[part] ? m->within[part] : &nothing;
}

bool poplin_attached_next(struct poplin_message *m, struct poplin_attached *at)
{
    bool begins = at->part == MIME_NONE;
    if (!begins && at->number < poplin_message_within(m, at->part)->count) {
        at->number++;
        return true;
    }
    for (at->part = begins ? 0 : at->part + 1; at->part < m->mime.parser.count; at->part++) {
        at->number = mailbox_is_attachment(&m->mime, at->part) ? 0 : 1;
        if (at->number == 0 || poplin_message_within(m, at->part)->count > 0)
            return true;
    }
    return false;
}

bool poplin_attached_find(struct poplin_message *m, struct slice text, struct poplin_attached *out)
{
    size_t slash = slice_find(text, '/');
    uint64_t number = 0;
    out->part = mime_part_find(&m->mime.parser, slice_take(text, slash));
    if (out->part == MIME_NONE)
        return false;
    if (slash < text.size) {
        if (!slice_parse_u64(slice_skip(text, slash + 1), &number) || number == 0 ||
            number > poplin_message_within(m, out->part)->count)
            return false;
    }
    out->number = (uint32_t)number;
    return true;
}

const struct mailbox_file *poplin_attached_file(struct poplin_message *m, struct poplin_attached at)
{
    return at.number > 0 ? &poplin_message_within(m, at.part)->files[at.number - 1] : NULL;
}

bool poplin_attached_is_opened(struct poplin_message *m, struct poplin_attached at)
{
    const struct mailbox_within *w = poplin_message_within(m, at.part);
    return at.number == 0 && w->is_tnef && !w->is_damaged && w->count > 0;
}

size_t poplin_attached_path(struct poplin_message *m, struct poplin_attached at, char *out,
                            size_t room)
{
    size_t n = mime_part_path(&m->mime.parser, at.part, out, room);
    struct buf b = buf_over(out, room);
    b.size = n;
    if (at.number > 0)
        buf_printf(&b, "/%u", (unsigned)at.number);
    return b.size;
}

enum status poplin_attached_save(struct poplin_message *m, struct poplin_attached at, int folder,
                                 char name[MAILBOX_SAVE_NAME])
{
    char path[POPLIN_PATH];
    const struct mailbox_file *f = poplin_attached_file(m, at);
    if (!f)
        return mailbox_save(&m->mime, at.part, folder, name);
    struct slice text = slice_of(path, poplin_attached_path(m, at, path, sizeof path));
    return mailbox_save_file(f, text, folder, name);
}

struct slice poplin_attached_name(struct poplin_message *m, struct poplin_attached at)
{
    const struct mailbox_file *f = poplin_attached_file(m, at);
    struct slice name = SLICE("");
    if (f)
        return f->name;
    (void)mime_message_file_name(&m->mime, at.part, &name);
    return name;
}

struct slice poplin_attached_type(struct poplin_message *m, struct poplin_attached at)
{
    const struct mailbox_file *f = poplin_attached_file(m, at);
    return f ? f->type : m->mime.parser.parts[at.part].type;
}

/* --- as lines --- */

/* About how many octets there are behind the transfer encoding. */
static uint64_t part_octets(const struct poplin_message *m, uint32_t part)
{
    const struct mime_part *p = &m->mime.parser.parts[part];
    uint64_t octets = p->end - p->body;
    return p->encoding == MIME_ENCODING_BASE64 ? octets / 78 * 57 + octets % 78 * 3 / 4 : octets;
}

/* message/external-body [RFC 2046 5.2.3]: where it lies instead. It is shown and never fetched. */
static void put_elsewhere(struct poplin_message *m, uint32_t part, FILE *out)
{
    static const char *const names[] = {"access-type", "url",  "site",    "server",
                                        "directory",   "name", "subject", "expiration"};
    struct mime_field field;
    struct mime_value value;
    fputs("; not here:", out);
    if (!mime_field_find(mime_message_header(&m->mime, part), SLICE("Content-Type"), &field))
        return;
    mime_value_parse(field.value, m->mime.arena, &value);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct mime_parameter *p = mime_value_find(&value, slice_str(names[i]));
        if (!p || p->value.size == 0)
            continue;
        fprintf(out, " %s=", names[i]);
        poplin_text_put_line(out, p->value);
    }
}

void poplin_attached_print(struct poplin_message *m, struct poplin_attached at, FILE *out)
{
    char path[POPLIN_PATH], size[ROWS_SIZE];
    const struct mailbox_file *f = poplin_attached_file(m, at);
    struct slice name = poplin_attached_name(m, at);
    struct slice type = poplin_attached_type(m, at);
    size_t n = poplin_attached_path(m, at, path, sizeof path);
    poplin_rows_size(f ? f->octets : part_octets(m, at.part), size);
    fprintf(out, "  %-6.*s %6s", (int)n, path, size);
    if (name.size > 0) {
        fputs("  ", out);
        poplin_text_put_line(out, name);
    }
    if (type.size > 0) {
        fputs("  (", out);
        poplin_text_put_line(out, type);
        if (!f && slice_equal(type, SLICE("message/external-body")))
            put_elsewhere(m, at.part, out);
        fputc(')', out);
    }
    fputc('\n', out);
}

void poplin_message_print_attachments(struct poplin_message *m, uint32_t shown, FILE *out)
{
    struct poplin_attached at = POPLIN_ATTACHED_FIRST;
    bool any = false;
    while (poplin_attached_next(m, &at)) {
        if (at.part == shown && at.number == 0)
            continue;
        if (!any)
            fprintf(out, "\nAttachments (poplin save %lld PART):\n", (long long)m->id);
        any = true;
        poplin_attached_print(m, at, out);
    }
}
