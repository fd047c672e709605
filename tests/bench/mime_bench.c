/* Our decoder under the yardstick of mime_bench.h. */
#include "mime_bench.h"

#include "mime/mime_message.h"

static _Alignas(16) char memory[4 << 20];
static char out[64 * 1024];

static void decode(struct mime_bench *b, struct mime_message *m)
{
    struct slice subject;
    struct mime_address_list from;
    struct mime_date date;
    if (mime_message_text(m, 0, SLICE("Subject"), &subject))
        b->out += subject.size;
    mime_message_addresses(m, 0, SLICE("From"), &from);
    mime_message_date(m, &date);
    for (uint32_t i = 0; i < m->parser.count; i++) {
        const struct mime_part *p = &m->parser.parts[i];
        size_t got;
        if (p->kind != MIME_LEAF)
            continue;
        if (slice_starts(p->type, SLICE("text/"))) {
            struct mime_text t;
            mime_text_open(m, i, &t);
            while ((got = mime_text_read(&t, out, sizeof out)) > 0)
                b->out += got;
        } else {
            struct mime_body body;
            mime_body_open(m, i, &body);
            while ((got = mime_body_read(&body, out, sizeof out)) > 0)
                b->out += got;
        }
    }
}

static void once(struct mime_bench *b)
{
    struct arena arena = arena_over(memory, sizeof memory);
    struct mime_limits limits = mime_limits_default();
    struct mime_message m;
    if (mime_message_open(&m, slice_of(b->mail, b->size), &arena, &limits) != STATUS_OK)
        exit(70);
    if (b->is_structure)
        b->out += m.parser.count;
    else
        decode(b, &m);
}

int main(int argc, char **argv)
{
    struct mime_bench b = mime_bench_begin(argc, argv);
    return mime_bench_run(&b, once);
}
