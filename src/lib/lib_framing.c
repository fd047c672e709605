#include "lib/lib.h"

#include "codec/wire.h"
#include "pop3/pop3_unstuffer.h"
#include "poplin/pop3.h"

/* Public structs give memory, the floors' own ones live in it. */

_Static_assert(sizeof(struct wire_stuffer) <= sizeof(struct poplin_pop3_stuffer), "room");
_Static_assert(sizeof(struct pop3_unstuffer) <= sizeof(struct poplin_pop3_unstuffer), "room");
_Static_assert((int)POPLIN_POP3_UNSTUFFED_WANT_INPUT == (int)POP3_UNSTUFFED_WANT_INPUT, "same");
_Static_assert((int)POPLIN_POP3_UNSTUFFED_DATA == (int)POP3_UNSTUFFED_DATA, "same");
_Static_assert((int)POPLIN_POP3_UNSTUFFED_END == (int)POP3_UNSTUFFED_END, "same");

uint64_t poplin_pop3_wire_octets(struct poplin_slice stored)
{
    struct wire_measure m;
    wire_measure_init(&m);
    wire_measure_feed(&m, lib_in(stored));
    wire_measure_end(&m);
    return m.octets;
}

static bool is_blank(struct slice line)
{
    return line.size == 0 || (line.size == 1 && line.data[0] == '\r');
}

struct poplin_slice poplin_pop3_top(struct poplin_slice stored, uint64_t lines)
{
    struct slice s = lib_in(stored);
    bool in_body = false;
    size_t at = 0;
    while (at < s.size && !(in_body && lines == 0)) {
        struct slice rest = slice_skip(s, at);
        size_t n = slice_find(rest, '\n');
        if (in_body)
            lines--;
        in_body = in_body || is_blank(slice_take(rest, n));
        at += n < rest.size ? n + 1 : n;
    }
    return lib_out(slice_take(s, at));
}

void poplin_pop3_stuffer_init(struct poplin_pop3_stuffer *stuffer)
{
    struct wire_stuffer w;
    wire_stuffer_init(&w);
    *stuffer = (struct poplin_pop3_stuffer){{0}};
    memcpy(stuffer, &w, sizeof w);
}

size_t poplin_pop3_stuff(struct poplin_pop3_stuffer *stuffer, struct poplin_slice *stored,
                         char *out, size_t room)
{
    struct wire_stuffer w;
    struct slice left = lib_in(*stored);
    memcpy(&w, stuffer, sizeof w);
    size_t n = wire_stuff(&w, &left, out, room);
    memcpy(stuffer, &w, sizeof w);
    *stored = lib_out(left);
    return n;
}

size_t poplin_pop3_stuff_end(struct poplin_pop3_stuffer *stuffer, char *out)
{
    struct wire_stuffer w;
    memcpy(&w, stuffer, sizeof w);
    size_t n = wire_stuff_end(&w, out);
    memcpy(stuffer, &w, sizeof w);
    return n;
}

void poplin_pop3_unstuffer_init(struct poplin_pop3_unstuffer *unstuffer, bool server_crlf)
{
    struct pop3_unstuffer u;
    pop3_unstuffer_init(&u, server_crlf);
    *unstuffer = (struct poplin_pop3_unstuffer){{0}};
    memcpy(unstuffer, &u, sizeof u);
}

enum poplin_pop3_unstuffed poplin_pop3_unstuff(struct poplin_pop3_unstuffer *unstuffer,
                                               struct poplin_slice *input,
                                               struct poplin_slice *data)
{
    struct pop3_unstuffer u;
    struct slice octets = lib_in(*input), found = {0};
    memcpy(&u, unstuffer, sizeof u);
    enum pop3_unstuffed result = pop3_unstuffer_next(&u, &octets, &found);
    memcpy(unstuffer, &u, sizeof u);
    *input = lib_out(octets);
    *data = lib_out(found);
    return (enum poplin_pop3_unstuffed)result;
}
