#include "mime/mime_calendar.h"

enum { LINE = 2048 }; /* octets of an unfolded line that are looked at */

struct event {
    char summary[MIME_CALENDAR_TEXT], place[MIME_CALENDAR_TEXT], start[64], method[16];
    struct buf summary_text, place_text, start_text, method_text;
};

/* The next line, unfolded: a line end in front of a blank is none [RFC 5545 3.1]. */
static bool take_line(struct slice *text, struct buf *line)
{
    buf_clear(line);
    if (text->size == 0)
        return false;
    do {
        size_t n = slice_find(*text, '\n');
        struct slice piece = slice_take(*text, n);
        if (piece.size > 0 && piece.data[piece.size - 1] == '\r')
            piece.size--;
        size_t room = buf_room(line);
        buf_put(line, slice_take(piece, piece.size < room ? piece.size : room));
        *text = slice_skip(*text, n < text->size ? n + 1 : n);
    } while (text->size > 1 && (text->data[0] == ' ' || text->data[0] == '\t') &&
             (*text = slice_skip(*text, 1), true));
    return true;
}

/* NAME;PARAMETER=…:VALUE; colons in quoted parameters are theirs. */
static bool split(struct slice line, struct slice *name, struct slice *parameters,
                  struct slice *value)
{
    size_t n = 0;
    size_t at;
    bool is_quoted = false;
    while (n < line.size && line.data[n] != ';' && line.data[n] != ':')
        n++;
    for (at = n; at < line.size && (is_quoted || line.data[at] != ':'); at++) {
        if (line.data[at] == '"')
            is_quoted = !is_quoted;
    }
    if (at == line.size)
        return false;
    *name = slice_take(line, n);
    *parameters = slice_of(line.data + n, at - n);
    *value = slice_skip(line, at + 1);
    return true;
}

/* Escapes undone, line ends as blanks; cut at a character. */
static void put_text(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.size;) {
        size_t n = 1;
        char c = value.data[i];
        if (c == '\\' && i + 1 < value.size) {
            c = value.data[++i];
            c = c == 'n' || c == 'N' ? ' ' : c;
        }
        if ((unsigned char)c < ' ')
            c = ' ';
        while (i + n < value.size && ((unsigned char)value.data[i + n] & 0xc0) == 0x80)
            n++;
        bool fits = n == 1 ? buf_put_char(out, c) : buf_put(out, slice_of(value.data + i, n));
        if (!fits)
            return;
        i += n;
    }
}

static bool is_digits(struct slice s, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        if (i >= s.size || s.data[i] < '0' || s.data[i] > '9')
            return false;
    }
    return true;
}

static struct slice zone_of(struct slice parameters)
{
    static const char key[] = ";TZID=";
    for (size_t i = 0; i + sizeof key - 1 <= parameters.size; i++) {
        if (!slice_equal_nocase(slice_of(parameters.data + i, sizeof key - 1), SLICE(";TZID=")))
            continue;
        struct slice zone = slice_skip(parameters, i + sizeof key - 1);
        zone = slice_take(zone, slice_find(zone, ';'));
        if (zone.size >= 2 && zone.data[0] == '"' && zone.data[zone.size - 1] == '"')
            zone = slice_of(zone.data + 1, zone.size - 2);
        return zone;
    }
    return (struct slice){"", 0};
}

/* 20261201T100000Z as "2026-12-01 10:00 UTC"; a zone is named as the calendar names it. */
static void put_start(struct buf *out, struct slice parameters, struct slice value)
{
    const char *v = value.data;
    if (!is_digits(value, 0, 8)) {
        put_text(out, value);
        return;
    }
    buf_printf(out, "%.4s-%.2s-%.2s", v, v + 4, v + 6);
    if (value.size < 13 || v[8] != 'T' || !is_digits(value, 9, 4))
        return;
    buf_printf(out, " %.2s:%.2s", v + 9, v + 11);
    struct slice zone = zone_of(parameters);
    if (v[value.size - 1] == 'Z') {
        buf_put_str(out, " UTC");
    } else if (zone.size > 0) {
        buf_put_char(out, ' ');
        put_text(out, zone);
    }
}

static const char *word_of(struct slice component, struct slice method)
{
    if (slice_equal_nocase(component, SLICE("VTODO")))
        return "Task";
    if (slice_equal_nocase(component, SLICE("VJOURNAL")))
        return "Note";
    if (slice_equal_nocase(method, SLICE("REQUEST")))
        return "Invitation";
    if (slice_equal_nocase(method, SLICE("CANCEL")))
        return "Cancelled";
    if (slice_equal_nocase(method, SLICE("REPLY")))
        return "Reply";
    if (slice_equal_nocase(method, SLICE("COUNTER")))
        return "Another time proposed";
    return "Event";
}

static bool is_event(struct slice component)
{
    return slice_equal_nocase(component, SLICE("VEVENT")) ||
           slice_equal_nocase(component, SLICE("VTODO")) ||
           slice_equal_nocase(component, SLICE("VJOURNAL"));
}

static void put_line(const struct event *e, struct slice component, struct buf *out)
{
    struct slice summary = buf_slice(&e->summary_text);
    buf_put_str(out, word_of(component, buf_slice(&e->method_text)));
    buf_put_str(out, ": ");
    buf_put(out, summary.size > 0 ? summary : SLICE("(without a title)"));
    if (e->start_text.size > 0)
        buf_put_str(out, ", ");
    buf_put(out, buf_slice(&e->start_text));
    if (e->place_text.size > 0)
        buf_put_str(out, ", ");
    buf_put(out, buf_slice(&e->place_text));
}

/* Only the properties of the event itself: alarms within it have some of the same names. */
static void use(struct event *e, struct slice name, struct slice parameters, struct slice value)
{
    if (slice_equal_nocase(name, SLICE("SUMMARY")) && e->summary_text.size == 0)
        put_text(&e->summary_text, value);
    else if (slice_equal_nocase(name, SLICE("LOCATION")) && e->place_text.size == 0)
        put_text(&e->place_text, value);
    else if (slice_equal_nocase(name, SLICE("DTSTART")) && e->start_text.size == 0)
        put_start(&e->start_text, parameters, value);
    else if (slice_equal_nocase(name, SLICE("DUE")) && e->start_text.size == 0)
        put_start(&e->start_text, parameters, value);
}

bool mime_calendar_line(struct slice calendar, struct buf *out)
{
    char memory[LINE], component_memory[16];
    struct buf line = buf_over(memory, sizeof memory);
    struct buf component = buf_over(component_memory, sizeof component_memory);
    struct event e;
    struct slice name, parameters, value;
    unsigned depth = 0;
    e.summary_text = buf_over(e.summary, sizeof e.summary);
    e.place_text = buf_over(e.place, sizeof e.place);
    e.start_text = buf_over(e.start, sizeof e.start);
    e.method_text = buf_over(e.method, sizeof e.method);
    while (take_line(&calendar, &line)) {
        if (!split(buf_slice(&line), &name, &parameters, &value))
            continue;
        if (slice_equal_nocase(name, SLICE("BEGIN"))) {
            if (depth > 0 || is_event(value))
                depth++;
            if (depth == 1)
                buf_put(&component, value);
        } else if (slice_equal_nocase(name, SLICE("END")) && depth > 0) {
            if (--depth == 0)
                break;
        } else if (depth == 1) {
            use(&e, name, parameters, value);
        } else if (depth == 0 && slice_equal_nocase(name, SLICE("METHOD"))) {
            put_text(&e.method_text, value);
        }
    }
    if (component.size == 0)
        return false;
    put_line(&e, buf_slice(&component), out);
    return true;
}
