#include "codec/charset_names.h"
#include "codec/charset_table_single.h"

#define ROW(name) (CHARSET_SINGLE + (int)CHARSET_ROW_##name)

/* A name as it is looked up: letters in lower case and digits. */
struct plain_name {
    char text[CHARSET_ALIAS_MAX + 1];
    size_t size;
};

/* ISO 8859 by part. */
static const uint8_t iso_8859_parts[] = {
    [1] = ROW(WINDOWS_1252), [2] = ROW(ISO_8859_2),   [3] = ROW(ISO_8859_3),
    [4] = ROW(ISO_8859_4),   [5] = ROW(ISO_8859_5),   [6] = ROW(ISO_8859_6),
    [7] = ROW(ISO_8859_7),   [8] = ROW(ISO_8859_8),   [9] = ROW(WINDOWS_1254),
    [10] = ROW(ISO_8859_10), [11] = ROW(WINDOWS_874), [13] = ROW(ISO_8859_13),
    [14] = ROW(ISO_8859_14), [15] = ROW(ISO_8859_15), [16] = ROW(ISO_8859_16),
};

/* What ends a name: RFC 2231's language, a year, what a broken field has behind it. */
static bool is_end(char c, bool at_blank)
{
    if (at_blank && (c == ' ' || c == '\t'))
        return true;
    return c == '\0' || c == '\r' || c == '\n' || strchr("*;,:<>(/?", c) != NULL;
}

static bool is_blank_or_quote(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' || c == '\'' || c == '\\' ||
           c == '=';
}

static char plain_letter(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '\0';
}

/* False: longer than every alias. */
static bool plain_name(struct plain_name *plain, struct slice name, bool to_blank)
{
    plain->size = 0;
    while (name.size > 0 && is_blank_or_quote(*name.data))
        name = slice_skip(name, 1);
    for (size_t n = 0; n < name.size && !is_end(name.data[n], to_blank); n++) {
        char c = plain_letter(name.data[n]);
        if (c == '\0')
            continue;
        if (plain->size == CHARSET_ALIAS_MAX)
            return false;
        plain->text[plain->size++] = c;
    }
    return true;
}

static enum charset alias_find(struct slice name)
{
    size_t low = 0;
    size_t high = charset_alias_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct slice alias = slice_str(charset_aliases[middle].name);
        size_t size = alias.size < name.size ? alias.size : name.size;
        int order = size == 0 ? 0 : memcmp(alias.data, name.data, size);
        if (order == 0 && alias.size == name.size)
            return (enum charset)charset_aliases[middle].charset;
        if (order < 0 || (order == 0 && alias.size < name.size))
            low = middle + 1;
        else
            high = middle;
    }
    return CHARSET_UNKNOWN;
}

/* The number behind the prefix; false: no prefix, no number, a thing behind it. */
static bool number_behind(struct slice name, const char *prefix, uint64_t *number)
{
    struct slice front = slice_str(prefix);
    return slice_starts(name, front) && slice_parse_u64(slice_skip(name, front.size), number);
}

/* Without the year of the standard: "iso8859" and a part stay, at least. */
static struct slice without_year(struct slice name)
{
    if (name.size < 12)
        return name;
    struct slice year = slice_skip(name, name.size - 4);
    bool is_year = slice_starts(year, SLICE("19")) || slice_starts(year, SLICE("20"));
    return is_year ? slice_take(name, name.size - 4) : name;
}

/* "iso88592", "iso88598i", "88591", "iso885902", "iso885911987". */
static enum charset iso_8859_find(struct slice name)
{
    static const char *const prefixes[] = {"iso8859", "is8859", "iso08859", "isoiec8859", "8859"};
    name = without_year(name);
    char last = name.data[name.size - 1];
    if (last == 'i' || last == 'e')
        name.size--;
    for (size_t n = 0; n < sizeof prefixes / sizeof *prefixes; n++) {
        uint64_t part;
        if (number_behind(name, prefixes[n], &part) && part < sizeof iso_8859_parts)
            return (enum charset)iso_8859_parts[part];
    }
    return CHARSET_UNKNOWN;
}

static enum charset code_page(uint64_t number)
{
    for (size_t n = 0; n < charset_code_page_count; n++) {
        if (charset_code_pages[n].number == number)
            return (enum charset)charset_code_pages[n].charset;
    }
    return CHARSET_UNKNOWN;
}

/* "windows1252", "cp850", "ibm437" and so on. */
static enum charset code_page_find(struct slice name)
{
    static const char *const prefixes[] = {
        "windows", "window", "win", "cp",    "ibm",  "ms",          "dos",  "msdos", "codepage",
        "oem",     "ccsid",  "pc",  "cpibm", "ansi", "microsoftcp", "mscp", "wcp",   ""};
    for (size_t n = 0; n < sizeof prefixes / sizeof *prefixes; n++) {
        uint64_t number;
        if (number_behind(name, prefixes[n], &number))
            return code_page(number);
    }
    return CHARSET_UNKNOWN;
}

static enum charset plain_find(struct slice name)
{
    if (name.size == 0)
        return CHARSET_UNKNOWN;
    enum charset c = alias_find(name);
    if (c == CHARSET_UNKNOWN)
        c = iso_8859_find(name);
    return c == CHARSET_UNKNOWN ? code_page_find(name) : c;
}

/* What people and broken programs write before the name. */
static struct slice without_prefix(struct slice name)
{
    static const char *const prefixes[] = {"charset", "3d", "x", "cs"};
    for (size_t n = 0; n < sizeof prefixes / sizeof *prefixes; n++) {
        struct slice prefix = slice_str(prefixes[n]);
        if (slice_starts(name, prefix) && name.size > prefix.size)
            return slice_skip(name, prefix.size);
    }
    return slice_of(NULL, 0);
}

static enum charset name_find(struct slice name, bool to_blank)
{
    struct plain_name plain;
    if (!plain_name(&plain, name, to_blank))
        return CHARSET_UNKNOWN;
    enum charset c = CHARSET_UNKNOWN;
    struct slice left = slice_of(plain.text, plain.size);
    while (left.size > 0 && c == CHARSET_UNKNOWN) {
        c = plain_find(left);
        left = without_prefix(left);
    }
    return c;
}

enum charset charset_find(struct slice name)
{
    if (slice_equal_nocase(name, SLICE("utf-8"))) /* what most mail says needs no search */
        return CHARSET_UTF_8;
    enum charset c = name_find(name, false);
    return c == CHARSET_UNKNOWN ? name_find(name, true) : c;
}
