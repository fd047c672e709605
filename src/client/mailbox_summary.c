#include "client/mailbox_summary.h"

#include "client/mailbox_read.h"
#include "mime/mime_message.h"

size_t mailbox_header_end(struct slice head)
{
    const char *at = head.data;
    const char *end = head.data + head.size;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        if (at < end && *at == '\n')
            return (size_t)(at - head.data) + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at - head.data) + 2;
    }
    return 0;
}

static struct slice cut(struct slice s, size_t limit)
{
    if (s.size <= limit)
        return s;
    while (limit > 0 && ((unsigned char)s.data[limit] & 0xc0) == 0x80)
        limit--;
    return slice_take(s, limit);
}

static void put_address(struct buf *out, const struct mime_address *a)
{
    if (out->size > 0)
        buf_put_str(out, ", ");
    buf_put(out, a->name);
    if (a->address.size == 0)
        return;
    buf_put_str(out, a->name.size > 0 ? " <" : "");
    buf_put(out, a->address);
    buf_put_str(out, a->name.size > 0 ? ">" : "");
}

static void put_list(struct buf *out, const struct mime_address_list *list)
{
    for (uint32_t n = 0; n < list->count && !out->overflow; n++)
        put_address(out, &list->list[n]);
}

static struct slice keep(struct mime_message *m, const struct buf *text)
{
    struct slice kept = arena_copy(m->arena, buf_slice(text));
    return kept.data ? kept : SLICE("");
}

static void read_senders(struct mime_message *m, struct mailbox_summary *out)
{
    static const struct slice fields[] = {{"From", 4}, {"Sender", 6}, {"Reply-To", 8}};
    char memory[SUMMARY_FIELD];
    struct buf text = buf_over(memory, sizeof memory);
    struct mime_address_list list = {0};
    for (size_t i = 0; i < 3 && list.count == 0; i++)
        mime_message_addresses(m, 0, fields[i], &list);
    if (list.count == 0)
        return;
    put_list(&text, &list);
    out->senders = keep(m, &text);
    out->author = list.list[0].name.size > 0 ? list.list[0].name : list.list[0].address;
    out->author = cut(out->author, SUMMARY_FIELD);
}

static struct slice read_recipients(struct mime_message *m)
{
    static const struct slice fields[] = {{"To", 2}, {"Cc", 2}};
    char memory[SUMMARY_FIELD];
    struct buf text = buf_over(memory, sizeof memory);
    for (size_t i = 0; i < 2; i++) {
        struct mime_address_list list = {0};
        mime_message_addresses(m, 0, fields[i], &list);
        put_list(&text, &list);
    }
    return keep(m, &text);
}

static bool guess_attachment(const struct mime_message *m)
{
    const struct mime_part *top = &m->parser.parts[0];
    return slice_equal(top->type, SLICE("multipart/mixed")) || top->is_attachment ||
           !(slice_starts(top->type, SLICE("text/")) ||
             slice_starts(top->type, SLICE("multipart/")) ||
             slice_starts(top->type, SLICE("message/")));
}

enum status mailbox_summary_read(struct slice head, struct arena *arena,
                                 struct mailbox_summary *out)
{
    struct mime_limits limits = mime_limits_default();
    struct mime_message m;
    struct mime_date date;
    size_t end = mailbox_header_end(head);
    *out = (struct mailbox_summary){0};
    enum status s = mime_message_open(&m, end ? slice_take(head, end) : head, arena, &limits);
    if (s != STATUS_OK)
        return s;
    read_senders(&m, out);
    out->recipients = read_recipients(&m);
    if (mime_message_text(&m, 0, SLICE("Subject"), &out->subject))
        out->subject = cut(out->subject, SUMMARY_FIELD);
    (void)mime_message_id(&m, 0, SLICE("Message-ID"), &out->message_id);
    out->message_id = cut(out->message_id, SUMMARY_FIELD);
    if (mime_message_text(&m, 0, SLICE("References"), &out->references))
        out->references = cut(out->references, SUMMARY_FIELD);
    out->has_date = mime_message_date(&m, &date);
    out->date = out->has_date ? date.seconds : 0;
    out->has_attachment = guess_attachment(&m);
    return STATUS_OK;
}

/* --- the body --- */

static void put_name(struct buf *out, struct slice name)
{
    if (buf_room(out) > name.size) {
        buf_put(out, name);
        buf_put_char(out, '\n');
    }
}

static void read_names(struct mime_message *m, struct mailbox_text *out)
{
    char memory[SUMMARY_FIELD];
    struct buf names = buf_over(memory, sizeof memory);
    for (uint32_t i = 0; i < m->parser.count; i++) {
        struct slice name;
        if (!mailbox_is_attachment(m, i))
            continue;
        out->has_attachment = true;
        if (mime_message_file_name(m, i, &name))
            put_name(&names, name);
    }
    out->names = arena_copy(m->arena, buf_slice(&names));
    if (!out->names.data)
        out->names = SLICE("");
}

enum status mailbox_text_read(struct slice message, struct arena *arena, struct mailbox_text *out)
{
    struct mime_limits limits = mime_limits_default();
    struct mime_message m;
    *out = (struct mailbox_text){0};
    enum status s = mime_message_open(&m, message, arena, &limits);
    if (s != STATUS_OK)
        return s;
    read_names(&m, out);
    uint32_t best = mime_message_best(&m, false);
    if (best != MIME_NONE)
        out->text = mailbox_part_text(&m, best, SUMMARY_TEXT);
    return STATUS_OK;
}
