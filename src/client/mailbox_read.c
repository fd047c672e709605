#include "client/mailbox_read.h"

#include "mime/mime_flowed.h"
#include "mime/mime_html.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

bool mailbox_is_attachment(struct mime_message *m, uint32_t part)
{
    const struct mime_part *p = &m->parser.parts[part];
    if (p->kind == MIME_MULTIPART)
        return false;
    if (p->kind == MIME_MESSAGE)
        return part != 0;
    if (p->is_attachment)
        return true;
    return !slice_starts(p->type, SLICE("text/"));
}

/* --- text --- */

/* UTF-8 is not cut within a character. */
static size_t cut_at_character(const char *text, size_t size)
{
    size_t n = size;
    while (n > 0 && size - n < 4 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
        n--;
    if (n == 0 || size - n >= 4)
        return size;
    unsigned char lead = (unsigned char)text[n - 1];
    size_t wanted = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return size - (n - 1) >= wanted ? size : n - 1;
}

/* Text that grows in an arena. */
struct growing {
    struct arena *arena;
    char *text;
    size_t size, room, limit;
};

enum { STEP = 16 * 1024, PIECE = 4096 };

static_assert(STEP / 2 >= (int)MIME_FLOWED_ROOM, "a step has room for a piece");

/* False: that is all that there is room for. */
static bool make_room(struct growing *g)
{
    if (g->size >= g->limit)
        return false;
    if (g->text && g->room - g->size >= STEP / 2)
        return true;
    size_t more = g->text ? g->room * 2 : STEP;
    char *text =
        g->text ? arena_grow(g->arena, g->text, g->room, more, 1) : arena_take(g->arena, more, 1);
    if (!text)
        return false;
    g->text = text;
    g->room = more;
    return true;
}

static struct slice grown(const struct growing *g)
{
    if (!g->text)
        return SLICE("");
    return slice_of(g->text, g->size > g->limit ? cut_at_character(g->text, g->limit) : g->size);
}

static void read_plain(struct mime_text *t, struct growing *g)
{
    size_t n;
    while (make_room(g) && (n = mime_text_read(t, g->text + g->size, g->room - g->size)) > 0)
        g->size += n;
}

static void read_flowed(struct mime_text *t, bool is_delsp, struct growing *g)
{
    char piece[PIECE];
    struct mime_flowed f;
    size_t n;
    mime_flowed_init(&f, is_delsp);
    while ((n = mime_text_read(t, piece, sizeof piece)) > 0) {
        struct slice text = slice_of(piece, n);
        while (text.size > 0) {
            if (!make_room(g))
                return;
            g->size += mime_flowed_feed(&f, &text, g->text + g->size, g->room - g->size);
        }
    }
    if (make_room(g))
        g->size += mime_flowed_end(&f, g->text + g->size, g->room - g->size);
}

static struct mime_html *open_html(struct arena *arena)
{
    struct mime_html *h = ARENA_NEW(arena, struct mime_html, 1);
    if (h)
        mime_html_init(h, arena);
    return h;
}

/* False: that is all that there is room for. */
static bool feed_html(struct mime_html *h, struct slice html, struct growing *g)
{
    while (html.size > 0) {
        if (!make_room(g))
            return false;
        g->size += mime_html_feed(h, &html, g->text + g->size, g->room - g->size);
    }
    return true;
}

static void end_html(struct mime_html *h, struct growing *g)
{
    size_t n;
    while (make_room(g) && (n = mime_html_end(h, g->text + g->size, g->room - g->size)) > 0)
        g->size += n;
}

static void read_html(struct mime_text *t, struct growing *g)
{
    char piece[PIECE];
    struct mime_html *h = open_html(g->arena);
    size_t n;
    if (!h)
        return;
    while ((n = mime_text_read(t, piece, sizeof piece)) > 0) {
        if (!feed_html(h, slice_of(piece, n), g))
            return;
    }
    end_html(h, g);
}

struct slice mailbox_html_text(struct arena *arena, struct slice html, size_t limit)
{
    struct growing g = {.arena = arena, .limit = limit};
    struct mime_html *h = html.size > 0 ? open_html(arena) : NULL;
    if (h && feed_html(h, html, &g))
        end_html(h, &g);
    return grown(&g);
}

struct slice mailbox_text_of(struct arena *arena, struct slice text, enum charset charset,
                             size_t limit)
{
    struct growing g = {.arena = arena, .limit = limit};
    struct charset_decoder d;
    charset_init(&d, charset);
    while (text.size > 0 && make_room(&g))
        g.size += charset_feed(&d, &text, g.text + g.size, g.room - g.size);
    if (make_room(&g))
        g.size += charset_end(&d, g.text + g.size);
    return grown(&g);
}

struct slice mailbox_part_text(struct mime_message *m, uint32_t part, size_t limit)
{
    const struct mime_part *p = &m->parser.parts[part];
    struct growing g = {.arena = m->arena, .limit = limit};
    struct mime_text *t = ARENA_NEW(m->arena, struct mime_text, 1);
    if (!t)
        return SLICE("");
    mime_text_open(m, part, t);
    if (slice_equal(p->type, SLICE("text/html")))
        read_html(t, &g);
    else if (p->is_flowed)
        read_flowed(t, p->is_delsp, &g);
    else
        read_plain(t, &g);
    return grown(&g);
}

/* --- octets --- */

enum status mailbox_bytes_map(int file, struct mailbox_bytes *out)
{
    struct stat st;
    *out = (struct mailbox_bytes){0};
    if (fstat(file, &st) != 0)
        return status_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return STATUS_IO;
    void *memory = mmap(NULL, MAILBOX_ARENA, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return STATUS_NO_MEMORY;
    out->memory = memory;
    out->arena = arena_over(memory, MAILBOX_ARENA);
    if (st.st_size == 0)
        return STATUS_OK;
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        mailbox_bytes_unmap(out);
        return STATUS_IO;
    }
    out->bytes = slice_of(bytes, (size_t)st.st_size);
    return STATUS_OK;
}

void mailbox_bytes_unmap(struct mailbox_bytes *b)
{
    if (b->bytes.size > 0)
        munmap((void *)(uintptr_t)b->bytes.data, b->bytes.size);
    if (b->memory)
        munmap(b->memory, MAILBOX_ARENA);
    *b = (struct mailbox_bytes){0};
}
