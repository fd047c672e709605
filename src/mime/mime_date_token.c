#include "mime/mime_date_token.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c > 0x7f;
}

static size_t comment_size(struct slice s)
{
    size_t at = 0, depth = 0;
    do {
        depth += s.data[at] == '(' ? 1 : 0;
        depth -= s.data[at] == ')' ? 1 : 0;
        at += s.data[at] == '\\' ? 2 : 1;
    } while (depth > 0 && at < s.size);
    return at < s.size ? at : s.size;
}

/* A character of the signs for year, month, day … is a word of its own. */
static size_t word_size(struct slice s)
{
    size_t n = 0;
    bool is_wide = (unsigned char)s.data[0] >= 0xe3 && s.size >= 3;
    if (is_wide && mime_date_word(slice_take(s, 3)).kind != MIME_DATE_OTHER)
        return 3;
    while (n < s.size && is_letter(s.data[n]))
        n++;
    return n;
}

static size_t take_token(struct slice s, struct mime_date_token *t)
{
    size_t n = 1;
    if (is_digit(s.data[0])) {
        while (n < s.size && is_digit(s.data[n]))
            n++;
        *t = (struct mime_date_token){.kind = MIME_DATE_NUMBER, .text = slice_take(s, n)};
        (void)slice_parse_u64(t->text, &t->number);
    } else if (is_letter(s.data[0])) {
        n = word_size(s);
        *t = (struct mime_date_token){.kind = MIME_DATE_WORD, .text = slice_take(s, n)};
        t->word = mime_date_word(t->text);
    } else {
        *t = (struct mime_date_token){.kind = MIME_DATE_MARK, .text = slice_take(s, 1)};
    }
    return n;
}

uint32_t mime_date_tokens(struct slice s, struct mime_date_token *tokens, uint32_t limit)
{
    uint32_t count = 0;
    while (s.size > 0 && count < limit) {
        char c = s.data[0];
        if (c == '(')
            s = slice_skip(s, comment_size(s));
        else if (c >= 0 && (c <= ' ' || c == 0x7f))
            s = slice_skip(s, 1);
        else
            s = slice_skip(s, take_token(s, &tokens[count++]));
    }
    return count;
}
