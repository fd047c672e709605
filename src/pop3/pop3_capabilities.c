#include "pop3/pop3_capabilities.h"

static const struct {
    struct slice tag;
    unsigned bit;
} tags[] = {
    {{"TOP", 3}, POP3_HAS_TOP},
    {{"USER", 4}, POP3_HAS_USER},
    {{"SASL", 4}, POP3_HAS_SASL},
    {{"RESP-CODES", 10}, POP3_HAS_RESP_CODES},
    {{"AUTH-RESP-CODE", 14}, POP3_HAS_AUTH_RESP_CODE},
    {{"LOGIN-DELAY", 11}, POP3_HAS_LOGIN_DELAY},
    {{"PIPELINING", 10}, POP3_HAS_PIPELINING},
    {{"EXPIRE", 6}, POP3_HAS_EXPIRE},
    {{"UIDL", 4}, POP3_HAS_UIDL},
    {{"STLS", 4}, POP3_HAS_STLS},
    {{"UTF8", 4}, POP3_HAS_UTF8},
    {{"LANG", 4}, POP3_HAS_LANG},
    {{"IMPLEMENTATION", 14}, POP3_HAS_IMPLEMENTATION},
};

void pop3_capabilities_init(struct pop3_capabilities *c)
{
    *c = (struct pop3_capabilities){.expire_days = UINT32_MAX};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next word of *s; empty at its end. */
static struct slice take_word(struct slice *s)
{
    size_t start = 0;
    while (start < s->size && is_blank(s->data[start]))
        start++;
    size_t end = start;
    while (end < s->size && !is_blank(s->data[end]))
        end++;
    struct slice word = slice_take(slice_skip(*s, start), end - start);
    *s = slice_skip(*s, end);
    return word;
}

static unsigned find_tag(struct slice tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (slice_equal_nocase(tag, tags[i].tag))
            return tags[i].bit;
    }
    return 0;
}

static uint32_t number_or(struct slice word, uint32_t otherwise)
{
    uint64_t n;
    return slice_parse_u64(word, &n) && n < UINT32_MAX ? (uint32_t)n : otherwise;
}

void pop3_capabilities_add(struct pop3_capabilities *c, struct slice row)
{
    unsigned bit = find_tag(take_word(&row));
    c->has |= bit;
    if (bit == 0)
        c->unknown++;
    if (bit == POP3_HAS_SASL) {
        for (struct slice name = take_word(&row); name.size > 0; name = take_word(&row))
            pop3_capabilities_add_mechanism(c, name);
    }
    if (bit == POP3_HAS_LOGIN_DELAY)
        c->login_delay = number_or(take_word(&row), 0);
    if (bit == POP3_HAS_EXPIRE)
        c->expire_days = number_or(take_word(&row), UINT32_MAX);
    if (bit == POP3_HAS_UTF8 && slice_equal_nocase(take_word(&row), SLICE("USER")))
        c->has |= POP3_HAS_UTF8_USER;
}

static bool is_mechanism_octet(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Names are what RFC 4422 3.1 lets them be; anything else is not a name we could ask for. */
void pop3_capabilities_add_mechanism(struct pop3_capabilities *c, struct slice name)
{
    name = take_word(&name);
    if (name.size == 0 || name.size + 1 > (size_t)(POP3_MECHANISMS_MAX - c->mechanisms_size) ||
        pop3_capabilities_has_mechanism(c, name))
        return;
    for (size_t i = 0; i < name.size; i++) {
        if (!is_mechanism_octet(name.data[i]))
            return;
    }
    for (size_t i = 0; i < name.size; i++) {
        char octet = name.data[i];
        bool is_small = octet >= 'a' && octet <= 'z';
        c->mechanisms[c->mechanisms_size++] = (char)(is_small ? octet - ('a' - 'A') : octet);
    }
    c->mechanisms[c->mechanisms_size++] = ' ';
}

bool pop3_capabilities_has_mechanism(const struct pop3_capabilities *c, struct slice name)
{
    struct slice names = slice_of(c->mechanisms, c->mechanisms_size);
    for (struct slice known = take_word(&names); known.size > 0; known = take_word(&names)) {
        if (slice_equal_nocase(known, name))
            return true;
    }
    return false;
}
