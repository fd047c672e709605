/* What the beginnings and ends of elements do to the text. Elements are counted, not stacked; only
 * those that change how lines begin (lists, quotations, tables, preformatted text) have a frame,
 * and those past MIME_HTML_DEPTH are read without one. */
#include "mime/mime_html.h"

#include <stdio.h>

static struct mime_html_frame *top_frame(struct mime_html *h, enum mime_html_tag tag)
{
    if (h->frame_count == 0 || h->frames[h->frame_count - 1].tag != tag)
        return NULL;
    return &h->frames[h->frame_count - 1];
}

static void apply(struct mime_html *h, enum mime_html_tag tag, int by)
{
    struct mime_html_writer *w = &h->writer;
    if (tag == HTML_BLOCKQUOTE)
        w->quotes = (uint16_t)(w->quotes + by);
    else if (tag == HTML_UL || tag == HTML_OL)
        w->indent = (uint16_t)(w->indent + 4 * by);
    else if (tag == HTML_PRE)
        h->pre = (uint8_t)(h->pre + by);
    h->framed[tag] += (uint32_t)by;
}

static void push(struct mime_html *h, enum mime_html_tag tag)
{
    if (h->frame_count == MIME_HTML_DEPTH)
        return;
    h->frames[h->frame_count++] = (struct mime_html_frame){.tag = (uint8_t)tag};
    apply(h, tag, 1);
}

/* What is open within ends with it. The innermost of a tag are those without a frame. */
static void pop(struct mime_html *h, enum mime_html_tag tag)
{
    if (h->framed[tag] == 0 || h->open[tag] > h->framed[tag])
        return;
    uint8_t popped;
    do {
        popped = h->frames[--h->frame_count].tag;
        apply(h, (enum mime_html_tag)popped, -1);
    } while (popped != tag);
    if (tag == HTML_UL || tag == HTML_OL)
        h->writer.marker_size = 0;
}

static bool is_list(enum mime_html_tag tag)
{
    return tag == HTML_UL || tag == HTML_OL;
}

static uint8_t lines_around(const struct mime_html *h, enum mime_html_tag tag)
{
    if (is_list(tag))
        return h->framed[HTML_UL] + h->framed[HTML_OL] > 0 ? 1 : 2;
    if (tag == HTML_P || tag == HTML_PARAGRAPH || (tag >= HTML_H1 && tag <= HTML_H6))
        return h->framed[HTML_TABLE] > 0 && tag == HTML_P ? 1 : 2;
    return tag == HTML_PRE || tag == HTML_BLOCKQUOTE ? 2 : 1;
}

static void start_item(struct mime_html *h)
{
    struct mime_html_frame *list = top_frame(h, HTML_OL);
    char marker[16];
    mime_html_writer_break(&h->writer, 1);
    if (!list) {
        mime_html_writer_mark(&h->writer, SLICE("* "));
        return;
    }
    list->item++;
    int n = snprintf(marker, sizeof marker, "%u. ", (unsigned)list->item);
    mime_html_writer_mark(&h->writer, slice_of(marker, (size_t)n));
}

static void start_row(struct mime_html *h)
{
    struct mime_html_frame *table = top_frame(h, HTML_TABLE);
    if (table && table->has_cell)
        h->writer.is_separated = false;
    mime_html_writer_break(&h->writer, 1);
    if (table)
        *table = (struct mime_html_frame){
            .tag = HTML_TABLE, .item = h->writer.line + (h->writer.has_text ? h->writer.lines : 0)};
}

/* Cells of one line each stand in one line; where one had several, the next begins a new one. */
static void start_cell(struct mime_html *h)
{
    struct mime_html_frame *table = top_frame(h, HTML_TABLE);
    struct mime_html_writer *w = &h->writer;
    if (!table) {
        mime_html_writer_break(w, 1);
        return;
    }
    bool same_line = w->line <= table->item && w->seen > table->seen && table->has_cell;
    if (!table->has_cell) {
        mime_html_writer_break(w, 1);
        table->seen = w->seen;
    } else if (same_line) {
        w->lines = w->blanks = 0;
        w->is_separated = true;
    } else if (w->seen > table->seen) {
        mime_html_writer_break(w, 1);
    }
    table->has_cell = true;
}

static bool is_scheme(struct slice url, struct slice scheme)
{
    return url.size >= scheme.size && slice_equal_nocase(slice_take(url, scheme.size), scheme);
}

static void start_link(struct mime_html *h)
{
    mime_html_link_end(h);
    if (!h->token.has_href)
        return;
    struct buf b = buf_over(h->href, sizeof h->href);
    mime_html_entity_text(slice_of(h->token.href, h->token.href_size), &b);
    size_t size = 0;
    for (size_t i = 0; i < b.size; i++) {
        if ((unsigned char)h->href[i] > 0x20)
            h->href[size++] = h->href[i];
    }
    struct slice url = slice_of(h->href, size);
    if (size == 0 || url.data[0] == '#' || is_scheme(url, SLICE("javascript:")) ||
        is_scheme(url, SLICE("data:")))
        return;
    h->link = url;
    h->link_text_size = 0;
    h->link_seen = h->writer.seen;
}

static void show_image(struct mime_html *h)
{
    char alt[sizeof h->token.alt];
    struct buf b = buf_over(alt, sizeof alt);
    bool was_zero = h->is_zero;
    if (h->token.is_tiny || !h->token.has_alt)
        return;
    mime_html_entity_text(slice_of(h->token.alt, h->token.alt_size), &b);
    size_t blanks = 0;
    while (blanks < b.size && (unsigned char)alt[blanks] <= ' ')
        blanks++;
    if (blanks == b.size)
        return;
    h->is_zero = false;
    mime_html_text(h, SLICE("["));
    mime_html_text(h, slice_skip(buf_slice(&b), blanks));
    mime_html_text(h, SLICE("]"));
    h->is_zero = was_zero;
}

static void show_rule(struct mime_html *h)
{
    mime_html_writer_break(&h->writer, 1);
    for (size_t i = 0; i < 40; i++)
        mime_html_writer_put(&h->writer, SLICE("-"));
    mime_html_writer_break(&h->writer, 1);
}

static void start_shown(struct mime_html *h, enum mime_html_tag tag)
{
    static const char marks[] = "###### ";
    if (tag == HTML_BR)
        mime_html_writer_line(&h->writer, 3);
    else if (tag == HTML_HR)
        show_rule(h);
    else if (tag == HTML_IMG)
        show_image(h);
    else if (tag == HTML_A)
        start_link(h);
    else if (tag == HTML_QUOTE)
        mime_html_text(h, SLICE("\""));
    else if (tag == HTML_LI)
        start_item(h);
    else if (tag == HTML_ROW)
        start_row(h);
    else if (tag == HTML_CELL)
        start_cell(h);
    else if (mime_html_tag_is_block(tag))
        mime_html_writer_break(&h->writer, lines_around(h, tag));
    if (tag >= HTML_H1 && tag <= HTML_H6)
        mime_html_writer_mark(&h->writer, slice_str(marks + (HTML_H6 - tag)));
    if (is_list(tag) || tag == HTML_BLOCKQUOTE || tag == HTML_TABLE || tag == HTML_PRE)
        push(h, tag);
    if (tag == HTML_PRE)
        h->pre_seen = h->writer.seen;
}

static void hide(struct mime_html *h, enum mime_html_tag tag)
{
    h->hidden_by = (uint8_t)tag;
    memset(h->hidden, 0, sizeof h->hidden);
    h->hidden[tag] = 1;
}

/* Whether the beginning of an element ends the hidden one without saying so. */
static bool ends_hidden(const struct mime_html *h, enum mime_html_tag tag)
{
    if (h->hidden_by == HTML_P)
        return mime_html_tag_is_block(tag);
    if (h->hidden_by == HTML_LI)
        return tag == HTML_LI && h->hidden[HTML_UL] + h->hidden[HTML_OL] == 0;
    if (h->hidden_by == HTML_CELL || h->hidden_by == HTML_ROW)
        return (tag == HTML_ROW || tag == h->hidden_by) && h->hidden[HTML_TABLE] == 0;
    return false;
}

static bool is_counted(enum mime_html_tag tag)
{
    return tag != HTML_RAW && tag != HTML_LINE && !mime_html_tag_is_void(tag);
}

static void set_font(struct mime_html *h, enum mime_html_tag tag, enum mime_html_size size)
{
    if (size == HTML_SIZE_NONE || !is_counted(tag) || h->font_count == MIME_HTML_DEPTH)
        return;
    h->fonts[h->font_count++] = (struct mime_html_font){(uint8_t)tag, h->is_zero, h->open[tag]};
    h->is_zero = size == HTML_SIZE_ZERO;
}

/* Back to the size that was before the outermost element that ended. */
static void reset_font(struct mime_html *h, enum mime_html_tag tag)
{
    size_t i = 0;
    while (i < h->font_count && (h->fonts[i].tag != tag || h->fonts[i].open <= h->open[tag]))
        i++;
    if (i < h->font_count) {
        h->is_zero = h->fonts[i].was_zero;
        h->font_count = (uint16_t)i;
    }
}

void mime_html_element_start(struct mime_html *h, enum mime_html_tag tag)
{
    const struct mime_html_token *t = &h->token;
    if (h->hidden_by != HTML_TAGS && ends_hidden(h, tag))
        h->hidden_by = HTML_TAGS;
    if (h->hidden_by != HTML_TAGS) {
        h->hidden[tag] += is_counted(tag);
        return;
    }
    struct mime_html_style style = {0};
    if (t->has_style)
        style = mime_html_style_read(slice_of(t->style, t->style_size));
    if (h->open[HTML_P] > 0 && mime_html_tag_is_block(tag))
        mime_html_element_end(h, HTML_P);
    if (style.is_hidden || t->is_hidden || tag == HTML_HIDDEN) {
        if (is_counted(tag))
            hide(h, tag);
        return;
    }
    h->open[tag] += is_counted(tag);
    set_font(h, tag, style.font_size);
    start_shown(h, tag);
}

static bool end_hidden(struct mime_html *h, enum mime_html_tag tag)
{
    if (h->hidden[tag] > 0) {
        h->hidden[tag]--;
        if (tag == h->hidden_by && h->hidden[tag] == 0)
            h->hidden_by = HTML_TAGS;
        return false;
    }
    if (!mime_html_tag_is_block(tag) || h->open[tag] == 0)
        return false;
    h->hidden_by = HTML_TAGS;
    return true;
}

void mime_html_element_end(struct mime_html *h, enum mime_html_tag tag)
{
    struct mime_html_writer *w = &h->writer;
    if (h->hidden_by != HTML_TAGS && !end_hidden(h, tag))
        return;
    if (tag == HTML_BR)
        mime_html_writer_line(w, 3);
    if (h->open[tag] == 0)
        return;
    if (tag == HTML_A)
        mime_html_link_end(h);
    else if (tag == HTML_QUOTE)
        mime_html_text(h, SLICE("\""));
    if (is_list(tag) || tag == HTML_BLOCKQUOTE || tag == HTML_TABLE || tag == HTML_PRE)
        pop(h, tag);
    if (tag == HTML_ROW || tag == HTML_TABLE)
        w->is_separated = false;
    if (mime_html_tag_is_block(tag) && tag != HTML_CELL)
        mime_html_writer_break(w, lines_around(h, tag));
    h->open[tag]--;
    if (h->font_count > 0)
        reset_font(h, tag);
}
