#include "pop3/pop3_reply.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    return s;
}

static struct slice trim_end(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

static bool starts_nocase(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal_nocase(slice_take(s, prefix.size), prefix);
}

static const struct {
    struct slice name;
    enum pop3_code code;
    enum status status;
} codes[] = {
    {{"IN-USE", 6}, POP3_CODE_IN_USE, STATUS_IN_USE},
    {{"LOGIN-DELAY", 11}, POP3_CODE_LOGIN_DELAY, STATUS_LIMIT},
    {{"AUTH", 4}, POP3_CODE_AUTH, STATUS_DENIED},
    {{"SYS/TEMP", 8}, POP3_CODE_SYS_TEMP, STATUS_TEMPORARY},
    {{"SYS/PERM", 8}, POP3_CODE_SYS_PERM, STATUS_PERMANENT},
    {{"UTF8", 4}, POP3_CODE_UTF8, STATUS_UNSUPPORTED},
};
enum { CODES = sizeof codes / sizeof *codes };

enum status pop3_code_status(enum pop3_code code)
{
    for (size_t i = 0; i < CODES; i++) {
        if (codes[i].code == code)
            return codes[i].status;
    }
    return STATUS_TEMPORARY;
}

/* Codes are a hierarchy: who knows SYS/TEMP knows SYS/TEMP/DISK too (RFC 2449 8). */
static enum pop3_code find_code(struct slice name)
{
    for (size_t i = 0; i < CODES; i++) {
        struct slice known = codes[i].name;
        if (starts_nocase(name, known) && (name.size == known.size || name.data[known.size] == '/'))
            return codes[i].code;
    }
    return POP3_CODE_OTHER;
}

/* A text may start with a bracket that is no response code: codes have no blanks in them. */
static void parse_code(struct pop3_reply *reply)
{
    if (reply->text.size == 0 || reply->text.data[0] != '[')
        return;
    struct slice name = slice_skip(reply->text, 1);
    name = slice_take(name, slice_find(name, ']'));
    if (name.size == 0 || name.size + 2 > reply->text.size)
        return;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < 0x21 || name.data[i] > 0x7e || name.data[i] == '[')
            return;
    }
    reply->code = find_code(name);
    reply->code_text = name;
    reply->text = skip_blanks(slice_skip(reply->text, name.size + 2));
}

bool pop3_reply_parse(struct slice line, bool in_dialogue, struct pop3_reply *reply)
{
    *reply = (struct pop3_reply){.code_text = SLICE(""), .text = SLICE("")};
    if (line.size == 0 || (line.data[0] != '+' && line.data[0] != '-'))
        return false;
    bool is_plus = line.data[0] == '+';
    struct slice word = is_plus ? SLICE("+OK") : SLICE("-ERR");
    bool has_word = starts_nocase(line, word);
    reply->answer = is_plus ? POP3_OK : POP3_ERR;
    if (is_plus && in_dialogue && !has_word)
        reply->answer = POP3_CONTINUE;
    struct slice rest = slice_skip(line, has_word ? word.size : 1);
    reply->is_exact =
        (has_word || reply->answer == POP3_CONTINUE) && (rest.size == 0 || rest.data[0] == ' ');
    reply->text = skip_blanks(rest);
    if (reply->answer == POP3_CONTINUE)
        reply->text = trim_end(reply->text);
    else
        parse_code(reply);
    return true;
}

struct slice pop3_reply_timestamp(struct slice text)
{
    struct slice stamp = slice_skip(text, slice_find(text, '<'));
    size_t end = slice_find(stamp, '>');
    return end > 1 && end < stamp.size ? slice_take(stamp, end + 1) : SLICE("");
}

const char *pop3_fault_text(enum pop3_fault fault)
{
    switch (fault) {
    case POP3_FAULT_NONE:
        return "nothing wrong";
    case POP3_FAULT_NUMBER:
        return "no message number";
    case POP3_FAULT_ZERO:
        return "message number zero";
    case POP3_FAULT_RANGE:
        return "message number out of range";
    case POP3_FAULT_TWICE:
        return "message number there twice";
    case POP3_FAULT_OTHER:
        return "another message than asked for";
    case POP3_FAULT_SIZE:
        return "no size";
    case POP3_FAULT_UID:
        return "no unique-id";
    case POP3_FAULT_CUT:
        return "line too long";
    }
    return "unknown fault";
}

/* Takes the word at the front of *s and the blanks behind it. */
static struct slice take_word(struct slice *s, unsigned *quirks)
{
    size_t size = 0;
    while (size < s->size && !is_blank(s->data[size]))
        size++;
    struct slice word = slice_take(*s, size);
    struct slice rest = skip_blanks(slice_skip(*s, size));
    size_t blanks = s->size - size - rest.size;
    if (blanks > 1 || (blanks == 1 && (s->data[size] == '\t' || rest.size == 0)))
        *quirks |= POP3_QUIRK_BLANKS;
    *s = rest;
    return word;
}

static enum pop3_fault parse_number(struct slice word, uint32_t *number)
{
    uint64_t n;
    *number = 0;
    if (!slice_parse_u64(word, &n))
        return POP3_FAULT_NUMBER;
    if (n > LIMIT_MESSAGES)
        return POP3_FAULT_RANGE;
    *number = (uint32_t)n;
    return POP3_FAULT_NONE;
}

/* A size that does not fit 64 bits is as good as none. */
static enum pop3_fault parse_size(struct slice word, uint64_t *size)
{
    if (slice_parse_u64(word, size) && *size != UINT64_MAX)
        return POP3_FAULT_NONE;
    *size = 0;
    return POP3_FAULT_SIZE;
}

enum pop3_fault pop3_reply_stat(struct slice text, struct pop3_stat *stat)
{
    unsigned quirks;
    *stat = (struct pop3_stat){0};
    text = skip_blanks(text);
    enum pop3_fault fault = parse_number(take_word(&text, &quirks), &stat->count);
    if (fault)
        return fault;
    return parse_size(take_word(&text, &quirks), &stat->octets);
}

/* The number at a row's start; what follows it stays in *line. */
static enum pop3_fault parse_row(struct slice *line, struct pop3_row *row)
{
    *row = (struct pop3_row){.uid = SLICE("")};
    struct slice rest = skip_blanks(*line);
    if (rest.size < line->size)
        row->quirks |= POP3_QUIRK_BLANKS;
    if (starts_nocase(rest, SLICE("+OK")) && rest.size > 3 && is_blank(rest.data[3])) {
        row->quirks |= POP3_QUIRK_OK;
        rest = skip_blanks(slice_skip(rest, 3));
    }
    enum pop3_fault fault = parse_number(take_word(&rest, &row->quirks), &row->number);
    if (!fault && row->number == 0)
        fault = POP3_FAULT_ZERO;
    *line = rest;
    return fault;
}

enum pop3_fault pop3_reply_list_row(struct slice line, struct pop3_row *row)
{
    enum pop3_fault fault = parse_row(&line, row);
    if (fault)
        return fault;
    fault = parse_size(take_word(&line, &row->quirks), &row->size);
    if (line.size > 0)
        row->quirks |= POP3_QUIRK_TEXT;
    return fault;
}

enum pop3_fault pop3_reply_uidl_row(struct slice line, struct pop3_row *row)
{
    enum pop3_fault fault = parse_row(&line, row);
    if (fault)
        return fault;
    row->uid = trim_end(line);
    if (row->uid.size < line.size)
        row->quirks |= POP3_QUIRK_BLANKS;
    if (row->uid.size > LIMIT_UIDL)
        row->quirks |= POP3_QUIRK_UID_LONG;
    for (size_t i = 0; i < row->uid.size; i++) {
        if (row->uid.data[i] < 0x21 || row->uid.data[i] > 0x7e)
            row->quirks |= POP3_QUIRK_UID_OCTETS;
    }
    return row->uid.size > 0 ? POP3_FAULT_NONE : POP3_FAULT_UID;
}

size_t pop3_row_set_size(uint32_t count)
{
    return ((size_t)count + 63) / 64 * sizeof(uint64_t);
}

bool pop3_row_set_has(const struct pop3_row_set *set, uint32_t number)
{
    if (number == 0 || number > set->count)
        return false;
    return set->bits[(number - 1) / 64] >> ((number - 1) % 64) & 1;
}

enum pop3_fault pop3_row_set_add(struct pop3_row_set *set, uint32_t number)
{
    if (number == 0)
        return POP3_FAULT_ZERO;
    if (number > set->count)
        return POP3_FAULT_RANGE;
    if (pop3_row_set_has(set, number))
        return POP3_FAULT_TWICE;
    set->bits[(number - 1) / 64] |= (uint64_t)1 << ((number - 1) % 64);
    set->seen++;
    return POP3_FAULT_NONE;
}
