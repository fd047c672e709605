#include "client/failure.h"

#include "base/escape.h"
#include "codec/charset.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

static const struct {
    const char *word;
    int exit_code;
} kinds[FAILURE_KIND_COUNT] = {
    [FAILURE_NONE] = {"ok", EX_OK},
    [FAILURE_UNREACHABLE] = {"unreachable", EX_UNAVAILABLE},
    [FAILURE_TLS] = {"tls", EX_UNAVAILABLE},
    [FAILURE_UNSAFE] = {"unsafe", EX_CONFIG},
    [FAILURE_LOGIN] = {"login", EX_NOPERM},
    [FAILURE_BUSY] = {"busy", EX_TEMPFAIL},
    [FAILURE_REFUSED] = {"refused", EX_DATAERR},
    [FAILURE_PROTOCOL] = {"protocol", EX_PROTOCOL},
    [FAILURE_LOST] = {"lost", EX_TEMPFAIL},
    [FAILURE_TIMEOUT] = {"timeout", EX_TEMPFAIL},
    [FAILURE_LOCAL] = {"local", EX_IOERR},
    [FAILURE_CONFIG] = {"config", EX_CONFIG},
    [FAILURE_LOCKED] = {"locked", EX_TEMPFAIL},
    [FAILURE_PARTIAL] = {"partial", EX_TEMPFAIL},
    [FAILURE_STOPPED] = {"stopped", EX_TEMPFAIL},
};

const char *failure_word(enum failure_kind kind)
{
    return kinds[kind].word;
}

int failure_exit_code(enum failure_kind kind)
{
    return kinds[kind].exit_code;
}

void failure_set(struct failure *f, enum failure_kind kind, const char *format, ...)
{
    va_list args;
    if (f->kind != FAILURE_NONE)
        return;
    f->kind = kind;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

static enum failure_kind kind_of(const struct pop3_reply *reply, bool is_login)
{
    switch (reply->code) {
    case POP3_CODE_IN_USE:
    case POP3_CODE_LOGIN_DELAY:
    case POP3_CODE_SYS_TEMP:
        return FAILURE_BUSY;
    case POP3_CODE_AUTH:
        return FAILURE_LOGIN;
    case POP3_CODE_SYS_PERM:
        return FAILURE_REFUSED;
    default:
        return is_login ? FAILURE_LOGIN : FAILURE_REFUSED;
    }
}

static const char *next_step(const struct pop3_reply *reply, enum failure_kind kind)
{
    if (reply->code == POP3_CODE_IN_USE)
        return "another session has the mailbox open; try again when it has ended";
    if (reply->code == POP3_CODE_LOGIN_DELAY)
        return "too soon after the last login; wait a few minutes";
    if (kind == FAILURE_BUSY)
        return "the server cannot do it now; try again later";
    if (kind == FAILURE_LOGIN)
        return "check user and password; many providers want an application password or "
               "authorisation code, and POP3 switched on in their settings";
    return "";
}

void failure_from_reply(struct failure *f, const struct pop3_reply *reply, bool is_login,
                        const char *doing)
{
    char text[200];
    enum failure_kind kind = kind_of(reply, is_login);
    const char *next = next_step(reply, kind);
    failure_printable(reply->text, text, sizeof text);
    failure_set(f, kind, "%s: the server said no%s%s%s%s%s", doing, text[0] ? ": \"" : "", text,
                text[0] ? "\"" : "", next[0] ? "; " : "", next);
}

/* C11: the first users' servers speak GBK in their errors. False: not GB18030 either. */
static bool from_gb18030(struct slice text, struct buf *out)
{
    struct charset_decoder d;
    charset_init(&d, CHARSET_GB18030);
    out->size = charset_feed(&d, &text, out->data, out->capacity);
    if (buf_room(out) >= CHARSET_ROOM)
        out->size += charset_end(&d, out->data + out->size);
    return text.size == 0 && d.invalid == 0;
}

void failure_printable(struct slice text, char *out, size_t size)
{
    char decoded[800], memory[1024];
    struct buf utf8 = buf_over(decoded, sizeof decoded), b = buf_over(memory, sizeof memory);
    if (text.size > 150)
        text.size = 150;
    if (!charset_is_utf8(text) && from_gb18030(text, &utf8))
        text = buf_slice(&utf8);
    if (!escape_plain(&b, text, size / 4))
        b.size = 0;
    size_t n = b.size < size - 1 ? b.size : size - 1;
    memcpy(out, b.data, n);
    out[n] = '\0';
}
