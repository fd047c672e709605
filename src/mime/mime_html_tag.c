#include "mime/mime_html_tag.h"

static const struct {
    char name[MIME_HTML_NAME];
    enum mime_html_tag tag;
} tags[] = {
    {"a", HTML_A},
    {"address", HTML_BLOCK},
    {"area", HTML_VOID},
    {"article", HTML_BLOCK},
    {"aside", HTML_BLOCK},
    {"audio", HTML_HIDDEN},
    {"base", HTML_VOID},
    {"blockquote", HTML_BLOCKQUOTE},
    {"body", HTML_BLOCK},
    {"br", HTML_BR},
    {"canvas", HTML_HIDDEN},
    {"caption", HTML_BLOCK},
    {"center", HTML_BLOCK},
    {"col", HTML_VOID},
    {"datalist", HTML_HIDDEN},
    {"dd", HTML_LINE},
    {"details", HTML_BLOCK},
    {"dir", HTML_UL},
    {"div", HTML_BLOCK},
    {"dl", HTML_PARAGRAPH},
    {"dt", HTML_LINE},
    {"embed", HTML_VOID},
    {"fieldset", HTML_BLOCK},
    {"figcaption", HTML_BLOCK},
    {"figure", HTML_PARAGRAPH},
    {"font", HTML_SPAN},
    {"footer", HTML_BLOCK},
    {"form", HTML_BLOCK},
    {"h1", HTML_H1},
    {"h2", HTML_H2},
    {"h3", HTML_H3},
    {"h4", HTML_H4},
    {"h5", HTML_H5},
    {"h6", HTML_H6},
    {"header", HTML_BLOCK},
    {"hr", HTML_HR},
    {"iframe", HTML_RAW},
    {"img", HTML_IMG},
    {"input", HTML_VOID},
    {"legend", HTML_BLOCK},
    {"li", HTML_LI},
    {"link", HTML_VOID},
    {"listing", HTML_PRE},
    {"main", HTML_BLOCK},
    {"menu", HTML_UL},
    {"meta", HTML_VOID},
    {"nav", HTML_BLOCK},
    {"noembed", HTML_RAW},
    {"noframes", HTML_RAW},
    {"ol", HTML_OL},
    {"option", HTML_LINE},
    {"p", HTML_P},
    {"param", HTML_VOID},
    {"pre", HTML_PRE},
    {"q", HTML_QUOTE},
    {"script", HTML_RAW},
    {"section", HTML_BLOCK},
    {"source", HTML_VOID},
    {"span", HTML_SPAN},
    {"style", HTML_RAW},
    {"summary", HTML_BLOCK},
    {"svg", HTML_HIDDEN},
    {"table", HTML_TABLE},
    {"td", HTML_CELL},
    {"template", HTML_HIDDEN},
    {"th", HTML_CELL},
    {"title", HTML_RAW},
    {"tr", HTML_ROW},
    {"track", HTML_VOID},
    {"ul", HTML_UL},
    {"video", HTML_HIDDEN},
    {"wbr", HTML_VOID},
    {"xmp", HTML_PRE},
};

enum mime_html_tag mime_html_tag_find(struct slice name)
{
    char wanted[MIME_HTML_NAME] = {0};
    if (name.size == 0 || name.size > sizeof wanted)
        return HTML_OTHER;
    memcpy(wanted, name.data, name.size);
    size_t low = 0;
    size_t high = sizeof tags / sizeof *tags;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(wanted, tags[middle].name, sizeof wanted);
        if (order == 0)
            return tags[middle].tag;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return HTML_OTHER;
}

bool mime_html_tag_is_block(enum mime_html_tag tag)
{
    switch (tag) {
    case HTML_OTHER:
    case HTML_A:
    case HTML_BR:
    case HTML_HIDDEN:
    case HTML_IMG:
    case HTML_QUOTE:
    case HTML_RAW:
    case HTML_SPAN:
    case HTML_VOID:
    case HTML_TAGS:
        return false;
    default:
        return true;
    }
}

bool mime_html_tag_is_void(enum mime_html_tag tag)
{
    return tag == HTML_VOID || tag == HTML_BR || tag == HTML_HR || tag == HTML_IMG;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static struct slice trim(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

/* The number a value begins with, in hundredths and at most 1,000,000 of them; false: there is
 * none. */
static bool leading_number(struct slice value, uint32_t *hundredths)
{
    uint32_t n = 0;
    uint32_t scale = 100;
    bool has_point = false;
    bool any = false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        any = true;
        scale = has_point ? scale / 10 : scale;
        if (n < 1000000)
            n = has_point ? n + (uint32_t)(c - '0') * scale : n * 10 + (uint32_t)(c - '0') * 100;
    }
    *hundredths = n;
    return any;
}

static bool is_zero(struct slice value)
{
    uint32_t n;
    return leading_number(value, &n) && n == 0;
}

bool mime_html_size_is_nothing(struct slice value)
{
    uint32_t n;
    struct slice v = trim(value);
    return leading_number(v, &n) && n <= 100 && !slice_ends(v, SLICE("%"));
}

static bool begins_nocase(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal_nocase(slice_take(s, prefix.size), prefix);
}

struct zero_sizes {
    bool box, clipped;
};

static void read_declaration(struct slice name, struct slice value, struct mime_html_style *out,
                             struct zero_sizes *zero)
{
    if (slice_equal_nocase(name, SLICE("display"))) {
        out->is_hidden |= begins_nocase(value, SLICE("none"));
    } else if (slice_equal_nocase(name, SLICE("visibility"))) {
        out->is_hidden |= begins_nocase(value, SLICE("hidden"));
    } else if (slice_equal_nocase(name, SLICE("mso-hide"))) {
        out->is_hidden |= begins_nocase(value, SLICE("all"));
    } else if (slice_equal_nocase(name, SLICE("opacity"))) {
        out->is_hidden |= is_zero(value);
    } else if (slice_equal_nocase(name, SLICE("font-size"))) {
        out->font_size = is_zero(value) ? HTML_SIZE_ZERO : HTML_SIZE_SOME;
    } else if (slice_equal_nocase(name, SLICE("max-height")) ||
               slice_equal_nocase(name, SLICE("height")) ||
               slice_equal_nocase(name, SLICE("max-width")) ||
               slice_equal_nocase(name, SLICE("width"))) {
        zero->box |= is_zero(value);
    } else if (slice_equal_nocase(name, SLICE("overflow"))) {
        zero->clipped |= begins_nocase(value, SLICE("hidden"));
    } else if (slice_equal_nocase(name, SLICE("white-space"))) {
        out->is_pre = begins_nocase(value, SLICE("pre"));
    }
}

struct mime_html_style mime_html_style_read(struct slice style)
{
    struct mime_html_style out = {0};
    struct zero_sizes zero = {0};
    while (style.size > 0) {
        size_t n = slice_find(style, ';');
        struct slice declaration = slice_take(style, n);
        size_t colon = slice_find(declaration, ':');
        if (colon < declaration.size)
            read_declaration(trim(slice_take(declaration, colon)),
                             trim(slice_skip(declaration, colon + 1)), &out, &zero);
        style = slice_skip(style, n < style.size ? n + 1 : n);
    }
    out.is_hidden |= zero.box && zero.clipped;
    return out;
}
