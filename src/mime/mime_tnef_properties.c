/* MAPI properties [MS-OXTNEF 2.1.3.4]: each has a type that says how long it is. */
#include "mime/mime_tnef_read.h"

enum {
    TYPE_OBJECT = 0x000d,
    TYPE_STRING8 = 0x001e,
    TYPE_UNICODE = 0x001f,
    TYPE_BINARY = 0x0102,
    TYPE_MANY = 0x1000,
};

enum {
    ID_BODY = 0x1000,
    ID_RTF = 0x1009,
    ID_HTML = 0x1013,
    ID_DATA = 0x3701,
    ID_FILE_NAME = 0x3704,
    ID_LONG_FILE_NAME = 0x3707,
    ID_TYPE = 0x370e,
    ID_CONTENT_ID = 0x3712,
    ID_NAMED = 0x8000, /* and above: a name follows */
};

enum { GUID = 16 };

struct property {
    uint32_t type, id;
    struct slice value; /* the first */
};

/* Octets of a value of a fixed type, padded to four; 0: no such type. */
static size_t fixed_size(uint32_t type)
{
    switch (type) {
    case 0x0002: /* short */
    case 0x0003: /* long */
    case 0x0004: /* float */
    case 0x000a: /* error */
    case 0x000b: /* boolean */
        return 4;
    case 0x0005: /* double */
    case 0x0006: /* currency */
    case 0x0007: /* time */
    case 0x0014: /* 64 bits */
    case 0x0040: /* FILETIME */
        return 8;
    case 0x0048: /* GUID */
        return GUID;
    default:
        return 0;
    }
}

static bool skip(struct slice *from, size_t size)
{
    struct slice ignored;
    return mime_tnef_take(from, size, &ignored);
}

/* A value that says its length, and its padding; what is missing of that at the end is no loss. */
static bool take_sized(struct slice *from, struct slice *out)
{
    uint32_t size;
    if (!mime_tnef_take_u32(from, &size) || !mime_tnef_take(from, size, out))
        return false;
    size_t padding = (4 - size % 4) % 4;
    return skip(from, padding < from->size ? padding : from->size);
}

static bool skip_name(struct slice *from)
{
    uint32_t kind;
    struct slice name;
    if (!skip(from, GUID) || !mime_tnef_take_u32(from, &kind))
        return false;
    return kind == 0 ? skip(from, 4) : take_sized(from, &name);
}

static bool take_values(struct slice *from, struct property *p)
{
    uint32_t count = 1;
    uint32_t type = p->type & ~(uint32_t)TYPE_MANY;
    size_t fixed = fixed_size(type);
    bool is_sized =
        type == TYPE_OBJECT || type == TYPE_STRING8 || type == TYPE_UNICODE || type == TYPE_BINARY;
    if ((is_sized || p->type & TYPE_MANY) && !mime_tnef_take_u32(from, &count))
        return false;
    if (!is_sized && type == 0x0001)
        return true;
    if (!is_sized)
        return fixed > 0 && count <= from->size / fixed &&
               mime_tnef_take(from, count * fixed, &p->value);
    for (uint32_t i = 0; i < count; i++) {
        struct slice value;
        if (!take_sized(from, &value))
            return false;
        if (i == 0)
            p->value = value;
    }
    return true;
}

static bool take_property(struct slice *from, struct property *p)
{
    *p = (struct property){.value = {"", 0}};
    if (!mime_tnef_take_u16(from, &p->type) || !mime_tnef_take_u16(from, &p->id))
        return false;
    if (p->id >= ID_NAMED && !skip_name(from))
        return false;
    return take_values(from, p);
}

static struct slice text_of(const struct mime_tnef *t, struct arena *arena,
                            const struct property *p)
{
    enum charset c = p->type == TYPE_UNICODE ? CHARSET_UTF_16LE : t->charset;
    return mime_tnef_text(arena, p->value, c);
}

static struct slice without_nul(struct slice s)
{
    return slice_take(s, slice_find(s, '\0'));
}

static struct slice without_brackets(struct slice s)
{
    if (s.size >= 2 && s.data[0] == '<' && s.data[s.size - 1] == '>')
        return slice_of(s.data + 1, s.size - 2);
    return s;
}

static void use_of_message(struct mime_tnef *t, struct arena *arena, const struct property *p)
{
    if (p->id == ID_BODY && p->type == TYPE_UNICODE) {
        t->unicode_text = text_of(t, arena, p);
    } else if (p->id == ID_BODY && t->text.size == 0) {
        t->text = without_nul(p->value);
    } else if (p->id == ID_HTML) {
        t->html = p->type == TYPE_BINARY ? p->value : without_nul(p->value);
    } else if (p->id == ID_RTF) {
        t->rtf = p->value;
    }
}

static void use_of_attachment(struct mime_tnef *t, struct arena *arena, const struct property *p,
                              struct mime_tnef_attachment *a)
{
    if (p->id == ID_LONG_FILE_NAME || (p->id == ID_FILE_NAME && a->name.size == 0)) {
        a->name = text_of(t, arena, p);
    } else if (p->id == ID_TYPE) {
        a->type = text_of(t, arena, p);
    } else if (p->id == ID_CONTENT_ID) {
        a->content_id = without_brackets(text_of(t, arena, p));
    } else if (p->id == ID_DATA && p->type == TYPE_BINARY) {
        a->data = p->value;
    } else if (p->id == ID_DATA && p->type == TYPE_OBJECT && p->value.size > GUID) {
        a->data = slice_skip(p->value, GUID);
        a->is_message = slice_starts(a->data, SLICE("\x78\x9f\x3e\x22"));
    }
}

bool mime_tnef_properties(struct mime_tnef *t, struct arena *arena, struct slice properties,
                          struct mime_tnef_attachment *attachment)
{
    uint32_t count;
    struct property p;
    if (!mime_tnef_take_u32(&properties, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!take_property(&properties, &p))
            return false;
        if (attachment)
            use_of_attachment(t, arena, &p, attachment);
        else
            use_of_message(t, arena, &p);
    }
    return true;
}
