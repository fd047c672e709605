#include "mime/mime_html.h"

#include <stdio.h>

void mime_html_init(struct mime_html *h, struct arena *arena)
{
    memset(h, 0, sizeof *h);
    h->arena = arena;
    h->hidden_by = HTML_TAGS;
}

static size_t character_size(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

static uint32_t point_of(struct slice c)
{
    unsigned char lead = (unsigned char)c.data[0];
    uint32_t point = c.size == 1 ? lead : lead & (0xffu >> (c.size + 1));
    for (size_t i = 1; i < c.size; i++)
        point = point << 6 | ((unsigned char)c.data[i] & 0x3fu);
    return point;
}

/* What senders fill the line behind a preview with: soft hyphens, joiners, marks of width zero. */
static bool is_filler(const struct mime_html_writer *w, uint32_t point)
{
    if (point == 0xad || point == 0x34f || point == 0x200b || point == 0xfeff ||
        (point >= 0x2060 && point <= 0x2064))
        return true;
    bool is_alone = w->blanks > 0 || w->lines > 0 || !w->has_text;
    return (point == 0x200c || point == 0x200d) && is_alone;
}

static void remember_link_text(struct mime_html *h, struct slice c)
{
    if (h->link.data && c.size <= sizeof h->link_text - h->link_text_size) {
        memcpy(h->link_text + h->link_text_size, c.data, c.size);
        h->link_text_size = (uint16_t)(h->link_text_size + c.size);
    }
}

static void take_character(struct mime_html *h, struct slice c)
{
    struct mime_html_writer *w = &h->writer;
    if (h->is_zero)
        return;
    if (c.size > 1) {
        uint32_t point = point_of(c);
        if (point == 0xa0 || point == 0x2007) {
            mime_html_writer_blank(w, true);
            return;
        }
        if (is_filler(w, point))
            return;
    }
    if (h->link.data)
        remember_link_text(h, c);
    mime_html_writer_put(w, c);
}

static void take_blank(struct mime_html *h, char c)
{
    struct mime_html_writer *w = &h->writer;
    if (h->pre == 0) {
        mime_html_writer_blank(w, false);
    } else if (c == '\n') {
        if (w->seen != h->pre_seen)
            mime_html_writer_line(w, HTML_WRITER_LINES);
    } else if (c == '\t') {
        for (size_t i = 0; i < 8; i++)
            mime_html_writer_blank(w, true);
    } else if (c == ' ') {
        mime_html_writer_blank(w, true);
    }
}

static void end_broken(struct mime_html *h)
{
    if (h->character_size > 0)
        take_character(h, SLICE("\xef\xbf\xbd"));
    h->character_size = 0;
}

static void take_high(struct mime_html *h, char c)
{
    unsigned char u = (unsigned char)c;
    bool is_lead = (u & 0xc0) != 0x80;
    if (is_lead)
        end_broken(h);
    if (is_lead ? u > 0xf4 : h->character_size == 0) {
        take_character(h, SLICE("\xef\xbf\xbd"));
        return;
    }
    h->character[h->character_size++] = c;
    if (is_lead)
        h->character_wanted = (uint8_t)character_size(u);
    if (h->character_size == h->character_wanted) {
        h->character_size = 0;
        take_character(h, slice_of(h->character, h->character_wanted));
    }
}

void mime_html_text(struct mime_html *h, struct slice octets)
{
    if (h->hidden_by != HTML_TAGS)
        return;
    for (size_t i = 0; i < octets.size; i++) {
        char c = octets.data[i];
        if ((unsigned char)c >= 0x80) {
            take_high(h, c);
            continue;
        }
        end_broken(h);
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f')
            take_blank(h, c);
        else
            take_character(h, c ? slice_of(&c, 1) : SLICE("\xef\xbf\xbd"));
    }
}

static struct slice without_scheme(struct slice url)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:", "tel:"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (slice_starts(url, slice_str(schemes[i])))
            url = slice_skip(url, strlen(schemes[i]));
    }
    return url.size > 0 && url.data[url.size - 1] == '/' ? slice_take(url, url.size - 1) : url;
}

/* The number of an address: its old one when it was among the last few; 0: there are too many. */
static uint32_t number_link(struct mime_html *h)
{
    for (uint32_t i = h->link_count; i > 0 && h->link_count - i < 8; i--) {
        if (slice_equal(h->links[i - 1], h->link))
            return i;
    }
    if (!h->links)
        h->links = ARENA_NEW(h->arena, struct slice, MIME_HTML_LINKS);
    struct slice url = {NULL, 0};
    if (h->links && h->link_count < MIME_HTML_LINKS)
        url = arena_copy(h->arena, h->link);
    if (!url.data) {
        h->has_links_left_out = true;
        return 0;
    }
    h->links[h->link_count++] = url;
    return h->link_count;
}

void mime_html_link_end(struct mime_html *h)
{
    char number[16];
    bool is_shown = h->link.data && h->writer.seen > h->link_seen;
    struct slice text = without_scheme(slice_of(h->link_text, h->link_text_size));
    if (is_shown && !slice_equal(text, without_scheme(h->link))) {
        uint32_t link = number_link(h);
        if (link > 0) {
            int n = snprintf(number, sizeof number, "[%u]", (unsigned)link);
            mime_html_writer_attach(&h->writer, slice_of(number, (size_t)n));
        }
    }
    h->link.data = NULL;
}

size_t mime_html_feed(struct mime_html *h, struct slice *html, char *out, size_t room)
{
    size_t n = mime_html_writer_take(&h->writer, out, room);
    while (html->size > 0 && n < room) {
        size_t i = 0;
        while (i < html->size && mime_html_writer_has_room(&h->writer))
            mime_html_token_take(h, html->data[i++]);
        *html = slice_skip(*html, i);
        n += mime_html_writer_take(&h->writer, out + n, room - n);
    }
    return n;
}

static void begin_end(struct mime_html *h)
{
    mime_html_token_end(h);
    end_broken(h);
    mime_html_link_end(h);
    h->is_ended = true;
    h->writer.lines = 0;
    if (h->writer.has_text)
        mime_html_writer_attach(&h->writer, SLICE("\n"));
    if (h->link_count > 0)
        mime_html_writer_attach(&h->writer, SLICE("\n"));
}

size_t mime_html_end(struct mime_html *h, char *out, size_t room)
{
    char number[16];
    size_t written = mime_html_writer_take(&h->writer, out, room);
    if (written == room && room > 0)
        return written;
    if (!h->is_ended)
        begin_end(h);
    while (h->links_written < h->link_count &&
           h->writer.size + MIME_HTML_URL + sizeof number + 1 <= HTML_WRITER_OUT) {
        struct slice url = h->links[h->links_written++];
        int n = snprintf(number, sizeof number, "[%u] ", (unsigned)h->links_written);
        mime_html_writer_attach(&h->writer, slice_of(number, (size_t)n));
        mime_html_writer_attach(&h->writer, url);
        mime_html_writer_attach(&h->writer, SLICE("\n"));
    }
    return written + mime_html_writer_take(&h->writer, out + written, room - written);
}
