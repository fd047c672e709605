/* What lies within a part and is no part of the structure. */
#include "cli/poplin_decode.h"

size_t decode_files(struct mime_message *m, uint32_t part, const struct mailbox_file **out)
{
    struct mailbox_within w;
    uint64_t body = m->parser.parts[part].body;
    enum status s = mailbox_within(m, part, &w);
    if (s != STATUS_OK)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_LIMIT_MEMORY, part, body);
    else if (w.is_tnef_type && w.is_damaged)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_TNEF, part, body);
    *out = w.files;
    return w.count;
}
