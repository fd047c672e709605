/* A whole message, and everything that a reader asks of it: nothing reads beyond what there is,
 * text is UTF-8 without NUL, the tree's brackets close, and a second look says the same. */
#include "mime/mime_inline.h"
#include "mime/mime_message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(16) char memory[2 << 20];
static char text[1 << 20];

static void must(bool held)
{
    if (!held)
        abort();
}

static void must_be_text(struct slice s)
{
    must(charset_is_utf8(s));
}

static void read_fields(struct mime_message *m, uint32_t part)
{
    static const char *const names[] = {"subject", "from", "message-id", "content-id"};
    struct mime_address_list list;
    struct slice s;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mime_message_text(m, part, slice_str(names[i]), &s))
            must_be_text(s);
        (void)mime_message_id(m, part, slice_str(names[i]), &s);
    }
    mime_message_addresses(m, part, SLICE("from"), &list);
    for (uint32_t i = 0; i < list.count; i++) {
        must_be_text(list.list[i].name);
        must_be_text(list.list[i].address);
    }
    if (mime_message_file_name(m, part, &s))
        must_be_text(s);
    (void)mime_message_disposition(m, part);
}

static size_t read_text(struct mime_message *m, uint32_t part, size_t room)
{
    static struct mime_text t;
    size_t n = 0;
    mime_text_open(m, part, &t);
    for (size_t more = 1; more > 0 && sizeof text - n > room; n += more) {
        more = mime_text_read(&t, text + n, room);
        must_be_text(slice_of(text + n, more));
    }
    must(slice_find(slice_of(text, n), '\0') == n && slice_find(slice_of(text, n), '\r') == n);
    mime_text_tell(m, part, &t);
    return n;
}

static void read_part(struct mime_message *m, uint32_t part)
{
    struct mime_inline found;
    struct slice whole;
    const struct mime_part *p = &m->parser.parts[part];
    must(p->header <= p->body && p->body <= p->end && p->end <= m->bytes.size);
    read_fields(m, part);
    must(read_text(m, part, CHARSET_ROOM) == read_text(m, part, 4096));
    if (mime_body_whole(m, part, &whole)) {
        while (mime_inline_next(&whole, &found))
            must(found.block.size > 0);
    }
}

static void read_tree(const struct mime_message *m)
{
    static char tree[1 << 16];
    struct buf b = buf_over(tree, sizeof tree);
    int open = 0;
    mime_message_tree(m, &b);
    for (size_t i = 0; i < b.size; i++)
        open += (tree[i] == '(') - (tree[i] == ')');
    must(open == 0 || b.overflow);
    uint32_t best = mime_message_best(m, false);
    must(best == MIME_NONE || best < m->parser.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_message m;
    struct mime_limits limits = mime_limits_default();
    struct arena arena = arena_over(memory, sizeof memory);
    if (size > 16384 || mime_message_open(&m, slice_of(data, size), &arena, &limits) != STATUS_OK)
        return 0;
    for (uint32_t i = 0; i < m.parser.count && i < 20; i++)
        read_part(&m, i);
    read_tree(&m);
    return 0;
}
