#include "client/mailbox_query.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

enum { DAY = 86400 };

void mailbox_query_init(struct mailbox_query *q)
{
    *q = (struct mailbox_query){0};
    q->memory = buf_over(q->octets, sizeof q->octets);
}

static struct mailbox_term *new_term(struct mailbox_query *q, enum mailbox_term_kind kind,
                                     bool is_negated)
{
    if (q->count == MAILBOX_TERMS)
        return NULL;
    struct mailbox_term *t = &q->terms[q->count++];
    *t = (struct mailbox_term){.kind = kind, .is_negated = is_negated};
    q->needs_text |= kind == MAILBOX_TERM_TEXT || kind == MAILBOX_TERM_ATTACHMENT;
    return t;
}

enum status mailbox_query_add(struct mailbox_query *q, enum mailbox_term_kind kind, bool is_negated,
                              struct slice text)
{
    size_t begin = q->memory.size;
    struct mailbox_term *t = buf_put(&q->memory, text) ? new_term(q, kind, is_negated) : NULL;
    if (!t)
        return STATUS_TOO_LARGE;
    t->text = slice_of(q->octets + begin, text.size);
    return STATUS_OK;
}

/* --- words --- */

/* A phrase of FTS5: in quotes everything is text, and a quote is said twice. */
static enum status add_text(struct mailbox_query *q, bool is_negated, const char *columns,
                            struct slice text, bool is_prefix)
{
    size_t begin = q->memory.size;
    if (*columns)
        buf_printf(&q->memory, "{%s} : ", columns);
    buf_put_char(&q->memory, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            buf_put_char(&q->memory, '"');
        buf_put_char(&q->memory, text.data[i] ? text.data[i] : ' ');
    }
    buf_put_str(&q->memory, is_prefix ? "\" *" : "\"");
    struct mailbox_term *t = q->memory.overflow ? NULL : new_term(q, MAILBOX_TERM_TEXT, is_negated);
    if (!t)
        return STATUS_TOO_LARGE;
    t->text = slice_of(q->octets + begin, q->memory.size - begin);
    return STATUS_OK;
}

/* --- dates --- */

static bool take_number(struct slice *s, int *out)
{
    uint64_t n;
    size_t digits = 0;
    while (digits < s->size && s->data[digits] >= '0' && s->data[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 6 || !slice_parse_u64(slice_take(*s, digits), &n))
        return false;
    *out = (int)n;
    *s = slice_skip(*s, digits);
    return true;
}

static bool take_dash(struct slice *s)
{
    if (s->size == 0 || s->data[0] != '-')
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

static int64_t midnight(int64_t now, int days_ago)
{
    struct tm tm;
    time_t t = now;
    if (!localtime_r(&t, &tm))
        return now;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday -= days_ago;
    tm.tm_isdst = -1;
    return mktime(&tm);
}

static bool parse_ago(struct slice s, int64_t now, int64_t *out)
{
    int n;
    if (!take_number(&s, &n) || s.size != 1 || n > 100000)
        return false;
    int days = s.data[0] == 'd'   ? 1
               : s.data[0] == 'w' ? 7
               : s.data[0] == 'm' ? 30
               : s.data[0] == 'y' ? 365
                                  : 0;
    *out = midnight(now, n * days);
    return days > 0 && n <= INT_MAX / 365;
}

/* A day, month or year of the calendar that is used here. */
static bool parse_day(struct slice s, int64_t *out)
{
    struct tm tm = {.tm_isdst = -1, .tm_mday = 1};
    int year, month = 1;
    bool good = take_number(&s, &year) && year >= 1900 && year < 10000;
    if (good && s.size > 0)
        good = take_dash(&s) && take_number(&s, &month) && month >= 1 && month <= 12;
    if (good && s.size > 0)
        good = take_dash(&s) && take_number(&s, &tm.tm_mday) && tm.tm_mday >= 1 && tm.tm_mday <= 31;
    tm.tm_year = good ? year - 1900 : 0;
    tm.tm_mon = month - 1;
    *out = mktime(&tm);
    return good && s.size == 0;
}

static bool parse_date(struct slice s, int64_t now, int64_t *out)
{
    if (slice_equal_nocase(s, SLICE("today")) || slice_equal_nocase(s, SLICE("yesterday"))) {
        *out = midnight(now, s.size == 9);
        return true;
    }
    return parse_day(s, out) || parse_ago(s, now, out);
}

/* --- sizes --- */

static bool parse_size(struct slice s, int64_t *out)
{
    uint64_t n;
    size_t digits = 0;
    while (digits < s.size && s.data[digits] >= '0' && s.data[digits] <= '9')
        digits++;
    struct slice unit = slice_skip(s, digits);
    if (!slice_parse_u64(slice_take(s, digits), &n) || n > INT64_MAX >> 31)
        return false;
    if (unit.size > 1 && slice_equal_nocase(slice_skip(unit, 1), SLICE("ib")))
        unit.size = 1;
    if (unit.size == 2 && (unit.data[1] | 0x20) == 'b')
        unit.size = 1;
    char letter = unit.size == 1 ? (char)(unit.data[0] | 0x20) : unit.size == 0 ? 'b' : '?';
    static const char letters[] = "bkmg";
    const char *found = strchr(letters, letter);
    if (!found)
        return false;
    *out = (int64_t)(n << 10 * (found - letters));
    return true;
}

/* --- terms with a key --- */

static const struct {
    const char *key, *columns;
} text_keys[] = {
    {"from", "senders"}, {"to", "recipients"}, {"subject", "subject"},
    {"file", "names"},   {"text", "text"},
};

static const struct {
    const char *word;
    enum mailbox_term_kind kind;
    bool is_negated;
} states[] = {
    {"is:unread", MAILBOX_TERM_UNREAD, false},
    {"is:new", MAILBOX_TERM_UNREAD, false},
    {"is:read", MAILBOX_TERM_UNREAD, true},
    {"is:flagged", MAILBOX_TERM_FLAGGED, false},
    {"is:starred", MAILBOX_TERM_FLAGGED, false},
    {"is:unflagged", MAILBOX_TERM_FLAGGED, true},
    {"has:attachment", MAILBOX_TERM_ATTACHMENT, false},
};

static const struct {
    const char *key;
    enum mailbox_term_kind kind;
    bool is_date;
} number_keys[] = {
    {"after", MAILBOX_TERM_AFTER, true},      {"since", MAILBOX_TERM_AFTER, true},
    {"before", MAILBOX_TERM_BEFORE, true},    {"larger", MAILBOX_TERM_LARGER, false},
    {"smaller", MAILBOX_TERM_SMALLER, false},
};

static enum status add_state(struct mailbox_query *q, bool is_negated, struct slice word,
                             bool *done)
{
    *done = true;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (slice_equal_nocase(word, slice_str(states[i].word)))
            return mailbox_query_add(q, states[i].kind, is_negated != states[i].is_negated,
                                     SLICE(""));
    }
    *done = false;
    return STATUS_OK;
}

static enum status add_number(struct mailbox_query *q, bool is_negated, struct slice key,
                              struct slice value, int64_t now, bool *done)
{
    *done = true;
    for (size_t i = 0; i < sizeof number_keys / sizeof *number_keys; i++) {
        int64_t n;
        if (!slice_equal_nocase(key, slice_str(number_keys[i].key)))
            continue;
        if (!(number_keys[i].is_date ? parse_date(value, now, &n) : parse_size(value, &n)))
            return STATUS_MALFORMED;
        enum status s = mailbox_query_add(q, number_keys[i].kind, is_negated, SLICE(""));
        if (s == STATUS_OK)
            q->terms[q->count - 1].number = n;
        return s;
    }
    *done = false;
    return STATUS_OK;
}

static const char *columns_of(struct slice key)
{
    for (size_t i = 0; i < sizeof text_keys / sizeof *text_keys; i++) {
        if (slice_equal_nocase(key, slice_str(text_keys[i].key)))
            return text_keys[i].columns;
    }
    return NULL;
}

struct lexeme {
    bool is_negated, is_quoted, is_prefix;
    struct slice all, key, value; /* key: empty where there is none that is known */
};

static enum status add_lexeme(struct mailbox_query *q, const struct lexeme *l, int64_t now)
{
    bool done = false;
    enum status s = STATUS_OK;
    if (l->key.size > 0)
        s = add_state(q, l->is_negated, l->all, &done);
    if (l->key.size > 0 && !done)
        s = add_number(q, l->is_negated, l->key, l->value, now, &done);
    if (done)
        return s;
    if (l->value.size == 0)
        return STATUS_MALFORMED;
    if (slice_equal_nocase(l->key, SLICE("account")))
        return mailbox_query_add(q, MAILBOX_TERM_ACCOUNT, l->is_negated, l->value);
    if (slice_equal_nocase(l->key, SLICE("is")) || slice_equal_nocase(l->key, SLICE("has")))
        return STATUS_MALFORMED;
    const char *columns = l->key.size > 0 ? columns_of(l->key) : "";
    return add_text(q, l->is_negated, columns, l->value, l->is_prefix);
}

/* --- lexemes --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_key(struct slice key)
{
    if (columns_of(key) || slice_equal_nocase(key, SLICE("is")) ||
        slice_equal_nocase(key, SLICE("has")) || slice_equal_nocase(key, SLICE("account")))
        return true;
    for (size_t i = 0; i < sizeof number_keys / sizeof *number_keys; i++) {
        if (slice_equal_nocase(key, slice_str(number_keys[i].key)))
            return true;
    }
    return false;
}

/* Up to a blank that is not in quotes. */
static struct slice take_word(struct slice *text)
{
    size_t n = 0;
    bool quoted = false;
    while (n < text->size && (quoted || !is_blank(text->data[n]))) {
        quoted ^= text->data[n] == '"';
        n++;
    }
    struct slice word = slice_take(*text, n);
    *text = slice_skip(*text, n);
    return word;
}

/* A word with a colon whose front is no key ("re:invoice", "https://…") is a word. */
static void split(struct slice word, struct lexeme *l)
{
    *l = (struct lexeme){0};
    if (word.size > 1 && word.data[0] == '-') {
        l->is_negated = true;
        word = slice_skip(word, 1);
    }
    l->all = l->value = word;
    size_t colon = slice_find(word, ':');
    if (colon < word.size && is_key(slice_take(word, colon))) {
        l->key = slice_take(word, colon);
        l->value = slice_skip(word, colon + 1);
    }
    struct slice *v = &l->value;
    if (v->size > 0 && v->data[0] == '"') {
        *v = slice_skip(*v, 1);
        if (v->size > 0 && v->data[v->size - 1] == '"')
            v->size--;
    } else if (v->size > 1 && v->data[v->size - 1] == '*') {
        l->is_prefix = true;
        v->size--;
    }
}

enum status mailbox_query_parse(struct mailbox_query *q, struct slice text, int64_t now,
                                char why[200])
{
    enum status s = STATUS_OK;
    why[0] = '\0';
    while (s == STATUS_OK) {
        struct lexeme l;
        while (text.size > 0 && is_blank(text.data[0]))
            text = slice_skip(text, 1);
        if (text.size == 0)
            break;
        split(take_word(&text), &l);
        s = add_lexeme(q, &l, now);
        if (s == STATUS_MALFORMED)
            snprintf(why, 200, "`%.*s` cannot be understood",
                     (int)(l.all.size < 100 ? l.all.size : 100), l.all.data);
        else if (s != STATUS_OK)
            snprintf(why, 200, "there are too many words");
    }
    return s;
}
