#include "codec/wire.h"

void wire_measure_init(struct wire_measure *m)
{
    *m = (struct wire_measure){.line_start = true};
}

void wire_measure_feed_scalar(struct wire_measure *m, struct slice stored)
{
    for (size_t i = 0; i < stored.size; i++) {
        char c = stored.data[i];
        if (c == '\n' && !m->after_cr) {
            m->needs |= WIRE_NEEDS_CRLF;
            m->octets++;
        }
        if (c == '.' && m->line_start)
            m->needs |= WIRE_NEEDS_DOTS;
        m->octets++;
        m->after_cr = c == '\r';
        m->line_start = c == '\n';
    }
}

void wire_measure_end(struct wire_measure *m)
{
    if (m->octets > 0 && m->line_start)
        return;
    m->needs |= WIRE_NEEDS_END;
    m->octets += 2;
    m->after_cr = false;
    m->line_start = true;
}

void wire_stuffer_init(struct wire_stuffer *w)
{
    *w = (struct wire_stuffer){.line_start = true};
}

size_t wire_stuff_scalar(struct wire_stuffer *w, struct slice *stored, char *out, size_t room)
{
    size_t n = 0;
    size_t i = 0;
    for (; i < stored->size && room - n >= WIRE_EXPANSION; i++) {
        char c = stored->data[i];
        if (c == '\n' && !w->after_cr) {
            out[n++] = '\r';
            w->octets++;
        }
        if (c == '.' && w->line_start)
            out[n++] = '.';
        out[n++] = c;
        w->octets++;
        w->after_cr = c == '\r';
        w->line_start = c == '\n';
    }
    *stored = slice_skip(*stored, i);
    return n;
}

size_t wire_stuff_end(struct wire_stuffer *w, char *out)
{
    static const char end[WIRE_END_MAX] = "\r\n.\r\n";
    size_t present = 2;
    if (w->octets == 0 || !w->line_start) {
        present = 0;
        w->octets += 2;
    }
    memcpy(out, end + present, sizeof end - present);
    w->after_cr = false;
    w->line_start = true;
    return sizeof end - present;
}
