#include "pop3/pop3_server_machine.h"

#include "pop3/pop3_capability.h"

#include <assert.h>

static_assert((int)POP3_UIDL_ROW_MAX <= (int)LIMIT_REPLY_LINE);

void pop3_server_ok_numbers(const struct pop3_server *s, struct buf *out, enum pop3_text text,
                            uint64_t first, uint64_t second)
{
    buf_put(out, SLICE("+OK "));
    pop3_text_put(out, text, s->language, (const uint64_t[2]){first, second});
    buf_put(out, SLICE("\r\n"));
}

void pop3_server_ok(const struct pop3_server *s, struct buf *out, enum pop3_text text)
{
    if (text == POP3_TEXT_NONE)
        buf_put(out, SLICE("+OK\r\n"));
    else
        pop3_server_ok_numbers(s, out, text, 0, 0);
}

void pop3_server_error_numbers(const struct pop3_server *s, struct buf *out, const char *code,
                               enum pop3_text text, const uint64_t numbers[2])
{
    buf_put(out, SLICE("-ERR "));
    if (*code) {
        buf_put_char(out, '[');
        buf_put_str(out, code);
        buf_put(out, SLICE("] "));
    }
    pop3_text_put(out, text, s->language, numbers);
    buf_put(out, SLICE("\r\n"));
}

void pop3_server_error_code(const struct pop3_server *s, struct buf *out, const char *code,
                            enum pop3_text text)
{
    pop3_server_error_numbers(s, out, code, text, NULL);
}

void pop3_server_error(const struct pop3_server *s, struct buf *out, enum pop3_text text)
{
    pop3_server_error_numbers(s, out, "", text, NULL);
}

static char *put_number(char *to, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(to, digits + at, sizeof digits - at);
    return to + (sizeof digits - at);
}

static char *put_end(char *to)
{
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

void pop3_server_put_list_row(const struct pop3_server *s, struct buf *out, uint32_t i)
{
    assert(buf_room(out) >= POP3_LIST_ROW_MAX);
    char *to = put_number(out->data + out->size, (uint64_t)i + 1);
    *to++ = ' ';
    to = put_number(to, s->listing.size(s->listing.context, i));
    out->size = (size_t)(put_end(to) - out->data);
}

void pop3_server_put_uidl_row(const struct pop3_server *s, struct buf *out, uint32_t i)
{
    struct slice id = s->listing.uidl(s->listing.context, i);
    assert(buf_room(out) >= POP3_UIDL_ROW_MAX && id.size <= LIMIT_UIDL);
    char *to = put_number(out->data + out->size, (uint64_t)i + 1);
    *to++ = ' ';
    memcpy(to, id.data, id.size);
    out->size = (size_t)(put_end(to + id.size) - out->data);
}

/* The row of a message, unless it is deleted. */
static void put_message_row(const struct pop3_server *s, struct buf *out, uint32_t i)
{
    if (s->marked_count > 0 && pop3_server_is_marked(s, i))
        return;
    if (s->reply == POP3_LINES_LIST)
        pop3_server_put_list_row(s, out, i);
    else
        pop3_server_put_uidl_row(s, out, i);
}

/* All mechanisms at once: the list is as short as a CAPA line. */
static void put_mechanisms(const struct pop3_server *s, struct buf *out)
{
    struct slice names = slice_str(s->options->mechanisms);
    struct slice name;
    while (pop3_mechanism_next(s, &names, &name)) {
        buf_put(out, name);
        buf_put(out, SLICE("\r\n"));
    }
}

static void put_language(struct buf *out, uint32_t i)
{
    buf_put_str(out, pop3_language_tag(i));
    buf_put_char(out, ' ');
    buf_put_str(out, pop3_language_name(i));
    buf_put(out, SLICE("\r\n"));
}

static uint32_t row_count(const struct pop3_server *s)
{
    switch (s->reply) {
    case POP3_LINES_LIST:
    case POP3_LINES_UIDL:
        return s->listing.count;
    case POP3_LINES_CAPA:
        return pop3_capability_count();
    case POP3_LINES_LANGUAGES:
        return POP3_LANGUAGE_COUNT;
    default:
        return 1;
    }
}

static size_t row_max(const struct pop3_server *s)
{
    switch (s->reply) {
    case POP3_LINES_LIST:
        return POP3_LIST_ROW_MAX;
    case POP3_LINES_UIDL:
        return POP3_UIDL_ROW_MAX;
    default:
        return LIMIT_REPLY_LINE;
    }
}

static void put_row(const struct pop3_server *s, struct buf *out, uint32_t i)
{
    switch (s->reply) {
    case POP3_LINES_LIST:
    case POP3_LINES_UIDL:
        put_message_row(s, out, i);
        break;
    case POP3_LINES_CAPA:
        pop3_capability_put(s, out, i);
        break;
    case POP3_LINES_LANGUAGES:
        put_language(out, i);
        break;
    default:
        put_mechanisms(s, out);
        break;
    }
}

void pop3_server_begin_lines(struct pop3_server *s, uint8_t lines)
{
    s->reply = lines;
    s->row = 0;
}

bool pop3_server_put_lines(struct pop3_server *s, struct buf *out)
{
    if (s->reply == POP3_LINES_NONE)
        return true;
    uint32_t count = row_count(s);
    size_t most = row_max(s);
    while (s->row < count && buf_room(out) >= most)
        put_row(s, out, s->row++);
    if (s->row < count || buf_room(out) < 3)
        return false;
    buf_put(out, SLICE(".\r\n"));
    s->reply = POP3_LINES_NONE;
    return true;
}
