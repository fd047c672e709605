/* GMime under the yardstick of mime_bench.h. */
#include "mime_bench.h"

#include <gmime/gmime.h>

static void add_part(GMimeObject *parent, GMimeObject *part, gpointer context)
{
    struct mime_bench *b = context;
    if (b->is_structure) {
        b->out++;
        return;
    }
    if (GMIME_IS_TEXT_PART(part)) {
        char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
        b->out += text ? strlen(text) : 0;
        g_free(text);
    } else if (GMIME_IS_PART(part)) {
        GMimeStream *null = g_mime_stream_null_new();
        GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
        b->out += (uint64_t)g_mime_data_wrapper_write_to_stream(content, null);
        g_object_unref(null);
    }
}

static void once(struct mime_bench *b)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(b->mail, b->size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
    if (!m)
        exit(70);
    if (!b->is_structure) {
        const char *subject = g_mime_message_get_subject(m);
        b->out += subject ? strlen(subject) : 0;
        (void)internet_address_list_length(g_mime_message_get_from(m));
        (void)g_mime_message_get_date(m);
    }
    g_mime_message_foreach(m, add_part, b);
    g_object_unref(m);
    g_object_unref(parser);
    g_object_unref(stream);
}

int main(int argc, char **argv)
{
    struct mime_bench b = mime_bench_begin(argc, argv);
    g_mime_init();
    return mime_bench_run(&b, once);
}
