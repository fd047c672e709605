#include "lib/lib.h"
#include "mime/mime_file_name.h"
#include "mime/mime_message.h"
#include "poplin/mime.h"

#include <stdlib.h>

enum { MEMORY_DEFAULT = 64 << 20, PATH_ROOM = 1100 };

_Static_assert((int)POPLIN_MIME_LEAF == (int)MIME_LEAF, "kinds");
_Static_assert((int)POPLIN_MIME_MULTIPART == (int)MIME_MULTIPART, "kinds");
_Static_assert((int)POPLIN_MIME_MESSAGE == (int)MIME_MESSAGE, "kinds");
_Static_assert((int)POPLIN_MIME_ROOM >= 2 * (int)TRANSFER_ROOM, "room of a read");

struct poplin_mime {
    struct arena arena;
    struct mime_limits limits;
    struct mime_message message;
    bool has_parts; /* something was parsed: parts may be asked for */
    bool has_bytes; /* and fields and bodies too */
};

struct poplin_mime_body {
    bool as_text;
    union {
        struct mime_body octets;
        struct mime_text text;
    };
};

static void take_limits(struct poplin_mime *m, const struct poplin_mime_limits *l)
{
    struct poplin_mime_limits own = {0};
    if (l)
        memcpy(&own, l, l->size < sizeof own ? l->size : sizeof own);
    m->limits = mime_limits_default();
    if (own.depth)
        m->limits.depth = own.depth;
    if (own.parts)
        m->limits.parts = own.parts;
    if (own.header)
        m->limits.header = own.header;
    if (own.parameters)
        m->limits.parameters = own.parameters;
    m->arena.capacity = own.memory ? own.memory : MEMORY_DEFAULT;
}

struct poplin_mime *poplin_mime_new(const struct poplin_mime_limits *limits)
{
    struct poplin_mime *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    take_limits(m, limits);
    /* Large memory is mapped by the allocator and costs nothing before it is touched. */
    m->arena.data = malloc(m->arena.capacity);
    if (!m->arena.data) {
        free(m);
        return NULL;
    }
    return m;
}

void poplin_mime_free(struct poplin_mime *m)
{
    if (!m)
        return;
    free(m->arena.data);
    free(m);
}

enum poplin_status poplin_mime_parse(struct poplin_mime *m, struct poplin_slice bytes)
{
    m->arena.size = 0;
    enum status s = mime_message_open(&m->message, lib_in(bytes), &m->arena, &m->limits);
    m->has_parts = m->has_bytes = s == STATUS_OK;
    return lib_status(s);
}

enum poplin_status poplin_mime_begin(struct poplin_mime *m)
{
    m->arena.size = 0;
    m->message = (struct mime_message){.arena = &m->arena};
    m->has_bytes = false;
    enum status s = mime_parser_init(&m->message.parser, &m->arena, &m->limits);
    m->has_parts = s == STATUS_OK;
    return lib_status(s);
}

void poplin_mime_feed(struct poplin_mime *m, struct poplin_slice piece)
{
    if (m->has_parts && !m->has_bytes)
        mime_parser_feed(&m->message.parser, lib_in(piece));
}

void poplin_mime_end(struct poplin_mime *m)
{
    if (m->has_parts && !m->has_bytes)
        mime_parser_end(&m->message.parser);
}

/* ---- structure ---- */

unsigned poplin_mime_count(const struct poplin_mime *m)
{
    return m->has_parts ? m->message.parser.count : 0;
}

static bool has_part(const struct poplin_mime *m, int part)
{
    return part >= 0 && (unsigned)part < poplin_mime_count(m);
}

static int part_out(uint32_t part)
{
    return part == MIME_NONE ? POPLIN_MIME_NONE : (int)part;
}

enum poplin_status poplin_mime_part(struct poplin_mime *m, int part, struct poplin_mime_part *out)
{
    if (!has_part(m, part))
        return POPLIN_NOT_FOUND;
    const struct mime_part *p = &m->message.parser.parts[part];
    struct poplin_mime_part own = {
        .header = p->header,
        .body = p->body,
        .end = p->end,
        .parent = part_out(p->parent),
        .next = part_out(p->next),
        .children = p->children,
        .depth = p->depth,
        .kind = (enum poplin_mime_kind)p->kind,
        .type = lib_out(p->type),
        .charset = lib_out(p->charset),
    };
    if (m->has_bytes)
        own.disposition = lib_out(mime_message_disposition(&m->message, (uint32_t)part));
    own.size = out->size < sizeof own ? out->size : sizeof own;
    memcpy(out, &own, own.size);
    return POPLIN_OK;
}

size_t poplin_mime_path(const struct poplin_mime *m, int part, char *out, size_t room)
{
    if (!has_part(m, part) || room == 0)
        return 0;
    char path[PATH_ROOM];
    size_t octets = mime_part_path(&m->message.parser, (uint32_t)part, path, sizeof path);
    size_t kept = octets < room ? octets : room - 1;
    memcpy(out, path, kept);
    out[kept] = '\0';
    return octets;
}

int poplin_mime_find(const struct poplin_mime *m, const char *path)
{
    return m->has_parts ? part_out(mime_part_find(&m->message.parser, slice_str(path)))
                        : POPLIN_MIME_NONE;
}

int poplin_mime_best(const struct poplin_mime *m, bool want_html)
{
    return m->has_bytes ? part_out(mime_message_best(&m->message, want_html)) : POPLIN_MIME_NONE;
}

/* ---- fields ---- */

/* OK: the part's fields can be asked for. */
static enum poplin_status readable(const struct poplin_mime *m, int part)
{
    if (!has_part(m, part))
        return POPLIN_NOT_FOUND;
    return m->has_bytes ? POPLIN_OK : POPLIN_UNSUPPORTED;
}

enum poplin_status poplin_mime_text(struct poplin_mime *m, int part, const char *name,
                                    struct poplin_slice *out)
{
    enum poplin_status s = readable(m, part);
    struct slice text;
    if (s != POPLIN_OK)
        return s;
    if (!mime_message_text(&m->message, (uint32_t)part, slice_str(name), &text))
        return POPLIN_NOT_FOUND;
    *out = lib_out(text);
    return POPLIN_OK;
}

enum poplin_status poplin_mime_addresses(struct poplin_mime *m, int part, const char *name,
                                         const struct poplin_mime_address **list, size_t *count)
{
    enum poplin_status s = readable(m, part);
    struct mime_address_list own = {0};
    if (s != POPLIN_OK)
        return s;
    mime_message_addresses(&m->message, (uint32_t)part, slice_str(name), &own);
    if (own.count == 0)
        return own.is_limited ? POPLIN_NO_MEMORY : POPLIN_NOT_FOUND;
    struct poplin_mime_address *public =
        ARENA_NEW(&m->arena, struct poplin_mime_address, own.count);
    if (!public)
        return POPLIN_NO_MEMORY;
    for (uint32_t i = 0; i < own.count; i++)
    public[i] = (struct poplin_mime_address){.name = lib_out(own.list[i].name),
                                             .address = lib_out(own.list[i].address),
                                             .group = lib_out(own.list[i].group)};
    *list = public;
    *count = own.count;
    return POPLIN_OK;
}

enum poplin_status poplin_mime_date(struct poplin_mime *m, int64_t *seconds, int *zone_minutes)
{
    enum poplin_status s = readable(m, 0);
    struct mime_date date;
    if (s != POPLIN_OK)
        return s;
    if (!mime_message_date(&m->message, &date))
        return POPLIN_NOT_FOUND;
    *seconds = date.seconds;
    if (zone_minutes)
        *zone_minutes = date.has_zone ? date.zone_minutes : 0;
    return POPLIN_OK;
}

enum poplin_status poplin_mime_id(struct poplin_mime *m, int part, const char *name,
                                  struct poplin_slice *out)
{
    enum poplin_status s = readable(m, part);
    struct slice id;
    if (s != POPLIN_OK)
        return s;
    if (!mime_message_id(&m->message, (uint32_t)part, slice_str(name), &id))
        return POPLIN_NOT_FOUND;
    *out = lib_out(id);
    return POPLIN_OK;
}

enum poplin_status poplin_mime_file_name(struct poplin_mime *m, int part, struct poplin_slice *out)
{
    enum poplin_status s = readable(m, part);
    struct slice name;
    if (s != POPLIN_OK)
        return s;
    if (!mime_message_file_name(&m->message, (uint32_t)part, &name))
        return POPLIN_NOT_FOUND;
    *out = lib_out(name);
    return POPLIN_OK;
}

enum poplin_status poplin_mime_save_name(struct poplin_mime *m, int part, struct poplin_slice *out)
{
    enum poplin_status s = readable(m, part);
    if (s != POPLIN_OK)
        return s;
    struct slice given = {0};
    mime_message_file_name(&m->message, (uint32_t)part, &given);
    char path[PATH_ROOM], memory[MIME_FILE_NAME];
    size_t octets = mime_part_path(&m->message.parser, (uint32_t)part, path, sizeof path);
    struct buf clean = buf_over(memory, sizeof memory);
    mime_file_name_clean(given, m->message.parser.parts[part].type, slice_of(path, octets), &clean);
    struct slice kept = arena_copy(&m->arena, buf_slice(&clean));
    if (!kept.data)
        return POPLIN_NO_MEMORY;
    *out = lib_out(kept);
    return POPLIN_OK;
}

/* ---- bodies ---- */

struct poplin_mime_body *poplin_mime_body_open(struct poplin_mime *m, int part, bool as_text)
{
    struct poplin_mime_body *b = readable(m, part) == POPLIN_OK ? malloc(sizeof *b) : NULL;
    if (!b)
        return NULL;
    b->as_text = as_text;
    if (as_text)
        mime_text_open(&m->message, (uint32_t)part, &b->text);
    else
        mime_body_open(&m->message, (uint32_t)part, &b->octets);
    return b;
}

size_t poplin_mime_body_read(struct poplin_mime_body *b, char *out, size_t room)
{
    if (room < POPLIN_MIME_ROOM)
        return 0;
    return b->as_text ? mime_text_read(&b->text, out, room) : mime_body_read(&b->octets, out, room);
}

void poplin_mime_body_close(struct poplin_mime_body *b)
{
    free(b);
}

/* ---- defects ---- */

size_t poplin_mime_defect_count(const struct poplin_mime *m)
{
    return m->has_parts ? m->message.parser.defect_count : 0;
}

enum poplin_status poplin_mime_defect(const struct poplin_mime *m, size_t index,
                                      struct poplin_mime_defect *out)
{
    if (index >= poplin_mime_defect_count(m))
        return POPLIN_NOT_FOUND;
    const struct mime_defect *d = &m->message.parser.defects[index];
    *out = (struct poplin_mime_defect){.name = mime_defect_name(d->code),
                                       .text = mime_defect_text(d->code),
                                       .part = part_out(d->part),
                                       .offset = d->offset};
    return POPLIN_OK;
}
