#include "pop3/pop3_capability.h"
#include "pop3/pop3_command.h"

/* What CAPA says beside the verbs. */
enum extra {
    RESP_CODES = POP3_VERB_COUNT,
    AUTH_RESP_CODE,
    PIPELINING,
    EXPIRE,
    LOGIN_DELAY,
    IMPLEMENTATION,
    LINE_COUNT
};

uint32_t pop3_capability_count(void)
{
    return LINE_COUNT;
}

bool pop3_capability_has_stls(const struct pop3_server *s)
{
    return s->phase == POP3_AUTHORIZATION && s->stls_offered && !s->tls && !s->utf8;
}

bool pop3_capability_has_cleartext(const struct pop3_server *s)
{
    return s->tls || s->cleartext_allowed;
}

bool pop3_mechanism_is_cleartext(struct slice name)
{
    static const struct slice sealed[] = {
        {"SCRAM-", 6},
        {"CRAM-MD5", 8},
    };
    for (size_t i = 0; i < sizeof sealed / sizeof *sealed; i++) {
        if (name.size >= sealed[i].size &&
            slice_equal_nocase(slice_take(name, sealed[i].size), sealed[i]))
            return false;
    }
    return true;
}

/* The next word of a list with single blanks between. */
static bool next_word(struct slice *words, struct slice *word)
{
    if (words->size == 0)
        return false;
    size_t size = slice_find(*words, ' ');
    *word = slice_take(*words, size);
    *words = slice_skip(*words, size < words->size ? size + 1 : size);
    return true;
}

bool pop3_mechanism_is_offered(const struct pop3_server_options *options, struct slice name)
{
    struct slice names = slice_str(options->mechanisms);
    struct slice word;
    while (next_word(&names, &word)) {
        if (slice_equal_nocase(word, name))
            return true;
    }
    return false;
}

bool pop3_mechanism_next(const struct pop3_server *s, struct slice *names, struct slice *name)
{
    while (next_word(names, name)) {
        if (!s->tls && slice_ends(*name, SLICE("-PLUS")))
            continue;
        if (pop3_capability_has_cleartext(s) || !pop3_mechanism_is_cleartext(*name))
            return true;
    }
    return false;
}

static void put_sasl(const struct pop3_server *s, struct buf *out)
{
    struct slice names = slice_str(s->options->mechanisms);
    struct slice name;
    bool has_any = false;
    while (pop3_mechanism_next(s, &names, &name)) {
        if (!has_any)
            buf_put(out, SLICE("SASL"));
        has_any = true;
        buf_put_char(out, ' ');
        buf_put(out, name);
    }
    if (has_any)
        buf_put(out, SLICE("\r\n"));
}

static void put_verb(const struct pop3_server *s, struct buf *out, enum pop3_verb verb)
{
    const char *tag = pop3_command_row(verb)->capability;
    if (!tag || (verb == POP3_VERB_USER && !pop3_capability_has_cleartext(s)) ||
        (verb == POP3_VERB_STLS && !pop3_capability_has_stls(s)))
        return;
    if (verb == POP3_VERB_AUTH) {
        put_sasl(s, out);
        return;
    }
    buf_put_str(out, tag);
    buf_put(out, SLICE("\r\n"));
}

static void put_expire(const struct pop3_server *s, struct buf *out)
{
    buf_put(out, SLICE("EXPIRE "));
    if (s->options->expire_days < 0)
        buf_put(out, SLICE("NEVER"));
    else
        buf_put_u64(out, (uint64_t)s->options->expire_days);
    buf_put(out, SLICE("\r\n"));
}

static void put_login_delay(const struct pop3_server *s, struct buf *out)
{
    if (s->options->login_delay < 0)
        return;
    buf_put(out, SLICE("LOGIN-DELAY "));
    buf_put_u64(out, (uint64_t)s->options->login_delay);
    buf_put(out, SLICE("\r\n"));
}

/* Only after login, so that a stranger learns no version [RFC 2449 6.9]. */
static void put_implementation(const struct pop3_server *s, struct buf *out)
{
    if (s->phase != POP3_TRANSACTION || !s->options->implementation)
        return;
    buf_put(out, SLICE("IMPLEMENTATION "));
    buf_put_str(out, s->options->implementation);
    buf_put(out, SLICE("\r\n"));
}

void pop3_capability_put(const struct pop3_server *s, struct buf *out, uint32_t index)
{
    switch (index) {
    case RESP_CODES:
        buf_put(out, SLICE("RESP-CODES\r\n"));
        break;
    case AUTH_RESP_CODE:
        buf_put(out, SLICE("AUTH-RESP-CODE\r\n"));
        break;
    case PIPELINING:
        buf_put(out, SLICE("PIPELINING\r\n"));
        break;
    case EXPIRE:
        put_expire(s, out);
        break;
    case LOGIN_DELAY:
        put_login_delay(s, out);
        break;
    case IMPLEMENTATION:
        put_implementation(s, out);
        break;
    default:
        put_verb(s, out, (enum pop3_verb)index);
        break;
    }
}
