/* What lies within a part and is no part of the structure. */
#include "cli/poplin_decode.h"
#include "mime/mime_calendar.h"
#include "mime/mime_inline.h"
#include "mime/mime_tnef.h"

static bool add(struct decode_file *files, size_t *count, struct slice name, uint64_t octets)
{
    if (*count == DECODE_FILES)
        return false;
    files[(*count)++] = (struct decode_file){name, octets};
    return true;
}

static uint64_t octets_of(const struct mime_inline *found)
{
    static char out[16 * 1024];
    struct transfer t;
    struct slice rest = found->block;
    uint64_t octets = 0;
    transfer_init(&t, found->encoding);
    while (rest.size > 0)
        octets += transfer_feed(&t, &rest, out, sizeof out);
    return octets + transfer_end(&t, out);
}

static size_t files_of_text(struct slice text, struct decode_file *files)
{
    struct mime_inline found;
    size_t count = 0;
    while (mime_inline_next(&text, &found) && add(files, &count, found.name, octets_of(&found)))
        ;
    return count;
}

static size_t files_of_tnef(struct mime_message *m, uint32_t part, struct slice octets,
                            struct decode_file *files)
{
    struct mime_tnef t;
    size_t count = 0;
    bool is_tnef = mime_tnef_open(octets, m->arena, &t);
    if (!is_tnef || t.is_broken || t.is_limited)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_TNEF, part, m->parser.parts[part].body);
    for (uint32_t i = 0; is_tnef && i < t.count; i++)
        add(files, &count, t.attachments[i].name, t.attachments[i].data.size);
    return count;
}

/* Text is read as a whole only when it looks as if it held a file. */
static bool may_have_files(const struct mime_message *m, uint32_t part)
{
    static const char begin[] = "begin ";
    struct slice body = mime_message_body(m, part);
    return slice_equal(m->parser.parts[part].type, SLICE("text/plain")) &&
           memmem(body.data, body.size, begin, sizeof begin - 1) != NULL;
}

size_t decode_files(struct mime_message *m, uint32_t part, const struct decode_file **out)
{
    static struct decode_file files[DECODE_FILES];
    struct slice type = m->parser.parts[part].type;
    struct slice octets;
    bool is_tnef = slice_equal(type, SLICE("application/ms-tnef")) ||
                   slice_equal(type, SLICE("application/vnd.ms-tnef"));
    *out = files;
    if (!is_tnef && !may_have_files(m, part))
        return 0;
    if (!mime_body_whole(m, part, &octets)) {
        mime_parser_add_defect(&m->parser, MIME_DEFECT_LIMIT_MEMORY, part,
                               m->parser.parts[part].body);
        return 0;
    }
    return is_tnef ? files_of_tnef(m, part, octets, files) : files_of_text(octets, files);
}

bool decode_calendar(struct mime_message *m, uint32_t part, struct buf *out)
{
    static struct mime_text t;
    static char text[256 * 1024];
    size_t size = 0;
    if (!slice_equal(m->parser.parts[part].type, SLICE("text/calendar")))
        return false;
    mime_text_open(m, part, &t);
    for (size_t n = 1; n > 0 && sizeof text - size >= CHARSET_ROOM; size += n)
        n = mime_text_read(&t, text + size, sizeof text - size);
    return mime_calendar_line(slice_of(text, size), out);
}
