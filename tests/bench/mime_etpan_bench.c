/* libetpan under the yardstick of mime_bench.h. */
#include "mime_bench.h"

#include <libetpan/libetpan.h>

static int encoding_of(struct mailmime *part)
{
    if (!part->mm_mime_fields)
        return MAILMIME_MECHANISM_8BIT;
    for (clistiter *i = clist_begin(part->mm_mime_fields->fld_list); i; i = clist_next(i)) {
        struct mailmime_field *f = clist_content(i);
        if (f->fld_type == MAILMIME_FIELD_TRANSFER_ENCODING)
            return f->fld_data.fld_encoding->enc_type;
    }
    return MAILMIME_MECHANISM_8BIT;
}

static void take_leaf(struct mime_bench *b, struct mailmime *part)
{
    struct mailmime_data *data = part->mm_data.mm_single;
    size_t at = 0, size = 0;
    char *octets = NULL;
    if (!data || data->dt_type != MAILMIME_DATA_TEXT)
        return;
    if (mailmime_part_parse(data->dt_data.dt_text.dt_data, data->dt_data.dt_text.dt_length, &at,
                            encoding_of(part), &octets, &size) != MAILIMF_NO_ERROR)
        return;
    bool is_text = part->mm_content_type && part->mm_content_type->ct_subtype &&
                   strcmp(part->mm_content_type->ct_subtype, "plain") == 0;
    char *text = NULL;
    size_t text_size = 0;
    if (is_text && charconv_buffer("UTF-8", "UTF-8", octets, size, &text, &text_size) ==
                       MAIL_CHARCONV_NO_ERROR) {
        b->out += text_size;
        charconv_buffer_free(text);
    } else {
        b->out += size;
    }
    mmap_string_unref(octets);
}

/* The yardstick's mails are two deep at most. */
static void take(struct mime_bench *b, struct mailmime *part)
{
    if (part->mm_type == MAILMIME_MESSAGE) {
        if (part->mm_data.mm_message.mm_msg_mime)
            take(b, part->mm_data.mm_message.mm_msg_mime);
    } else if (part->mm_type == MAILMIME_MULTIPLE) {
        b->out += b->is_structure;
        for (clistiter *i = clist_begin(part->mm_data.mm_multipart.mm_mp_list); i;
             i = clist_next(i))
            take(b, clist_content(i));
    } else if (b->is_structure) {
        b->out++;
    } else {
        take_leaf(b, part);
    }
}

static void take_subject(struct mime_bench *b, struct mailmime *m)
{
    struct mailimf_fields *fields = m->mm_data.mm_message.mm_fields;
    for (clistiter *i = fields ? clist_begin(fields->fld_list) : NULL; i; i = clist_next(i)) {
        struct mailimf_field *f = clist_content(i);
        size_t at = 0;
        char *text = NULL;
        if (f->fld_type != MAILIMF_FIELD_SUBJECT)
            continue;
        const char *value = f->fld_data.fld_subject->sbj_value;
        if (mailmime_encoded_phrase_parse("UTF-8", value, strlen(value), &at, "UTF-8", &text) ==
            MAILIMF_NO_ERROR) {
            b->out += strlen(text);
            free(text);
        }
    }
}

static void once(struct mime_bench *b)
{
    struct mailmime *m = NULL;
    size_t at = 0;
    if (mailmime_parse(b->mail, b->size, &at, &m) != MAILIMF_NO_ERROR)
        exit(70);
    if (!b->is_structure)
        take_subject(b, m);
    take(b, m);
    mailmime_free(m);
}

int main(int argc, char **argv)
{
    struct mime_bench b = mime_bench_begin(argc, argv);
    return mime_bench_run(&b, once);
}
