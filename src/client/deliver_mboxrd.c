#include "client/deliver_mboxrd.h"

#include <stdio.h>

static const struct slice mark = {"From ", 5};

struct slice mboxrd_start(struct mboxrd *m, time_t now, char line[MBOXRD_FROM_LINE])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm t;
    *m = (struct mboxrd){.line_end = true};
    if (!gmtime_r(&now, &t))
        t = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    int n = snprintf(line, MBOXRD_FROM_LINE, "From MAILER-DAEMON %.3s %.3s %2d %02d:%02d:%02d %d\n",
                     days + t.tm_wday * 3, months + t.tm_mon * 3, t.tm_mday, t.tm_hour, t.tm_min,
                     t.tm_sec, t.tm_year + 1900);
    return slice_of(line, (size_t)n);
}

static void put(struct mboxrd *m, struct slice s, struct buf *out)
{
    buf_put(out, s);
    if (s.size)
        m->line_end = s.data[s.size - 1] == '\n';
}

/* One octet at the start of a line. A `>` may pass before the mark is complete: where in the row of
 * them the new one stands makes no difference. */
static void look(struct mboxrd *m, char c, struct buf *out)
{
    if (m->matched == 0 && c == '>') {
        put(m, slice_of(&c, 1), out);
        return;
    }
    if (c == mark.data[m->matched]) {
        if (++m->matched < mark.size)
            return;
        put(m, SLICE(">"), out);
        put(m, mark, out);
    } else {
        put(m, slice_take(mark, m->matched), out);
        put(m, slice_of(&c, 1), out);
    }
    m->matched = 0;
    m->in_line = !m->line_end;
}

/* A line behind its start, as far as it is here and has room. */
static void copy(struct mboxrd *m, struct slice *octets, struct buf *out)
{
    size_t n = slice_find(*octets, '\n');
    n = n < octets->size ? n + 1 : n;
    n = n < buf_room(out) ? n : buf_room(out);
    put(m, slice_take(*octets, n), out);
    *octets = slice_skip(*octets, n);
    m->in_line = !m->line_end;
}

void mboxrd_quote(struct mboxrd *m, struct slice *octets, struct buf *out)
{
    while (octets->size && buf_room(out) >= MBOXRD_END) {
        if (m->in_line) {
            copy(m, octets, out);
            continue;
        }
        look(m, octets->data[0], out);
        *octets = slice_skip(*octets, 1);
    }
}

void mboxrd_end(struct mboxrd *m, struct buf *out)
{
    put(m, slice_take(mark, m->matched), out);
    if (!m->line_end)
        put(m, SLICE("\n"), out);
    put(m, SLICE("\n"), out);
    m->matched = 0;
}
