#include "sasl/sasl_client.h"

#include "base/escape.h"
#include "sasl/sasl_client_mechanism.h"

#include <openssl/crypto.h>

/* In the order of preference. The order between PLAIN and CRAM-MD5 is meant: within TLS a server
 * that keeps hashes is worth more than one that keeps passwords. */
static const struct sasl_client_mechanism rows[] = {
    {.name = "SCRAM-SHA-512-PLUS",
     .digest = "SHA512",
     .binds = true,
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "SCRAM-SHA-512",
     .digest = "SHA512",
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "SCRAM-SHA-256-PLUS",
     .digest = "SHA256",
     .binds = true,
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "SCRAM-SHA-256",
     .digest = "SHA256",
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "SCRAM-SHA-1-PLUS",
     .digest = "SHA1",
     .binds = true,
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "SCRAM-SHA-1",
     .digest = "SHA1",
     .speaks_first = true,
     .must_prove = true,
     .respond = sasl_client_scram},
    {.name = "OAUTHBEARER",
     .is_clear = true,
     .wants_token = true,
     .speaks_first = true,
     .respond = sasl_client_oauthbearer},
    {.name = "XOAUTH2",
     .is_clear = true,
     .wants_token = true,
     .speaks_first = true,
     .respond = sasl_client_xoauth2},
    {.name = "PLAIN", .is_clear = true, .speaks_first = true, .respond = sasl_client_plain},
    {.name = "LOGIN", .is_clear = true, .respond = sasl_client_login},
    {.name = "CRAM-MD5", .respond = sasl_client_cram_md5},
    {.name = "EXTERNAL", .speaks_first = true, .respond = sasl_client_external},
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct sasl_client_mechanism *sasl_client_find(struct slice name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (slice_equal_nocase(name, slice_str(rows[i].name)))
            return &rows[i];
    return NULL;
}

const char *sasl_client_name(const struct sasl_client_mechanism *m)
{
    return m->name;
}

bool sasl_client_is_clear(const struct sasl_client_mechanism *m)
{
    return m->is_clear;
}

static struct slice next_word(struct slice *rest)
{
    size_t at = 0;
    while (at < rest->size && rest->data[at] == ' ')
        at++;
    *rest = slice_skip(*rest, at);
    struct slice word = slice_take(*rest, slice_find(*rest, ' '));
    *rest = slice_skip(*rest, word.size);
    return word;
}

static bool is_offered(struct slice offered, const struct sasl_client_mechanism *m)
{
    for (struct slice w = next_word(&offered); w.size > 0; w = next_word(&offered))
        if (slice_equal_nocase(w, slice_str(m->name)))
            return true;
    return false;
}

bool sasl_client_offers_plus(struct slice offered)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].binds && is_offered(offered, &rows[i]))
            return true;
    return false;
}

/* What SCRAM would refuse to prepare may still be a password elsewhere. */
static bool can_prepare(struct slice text)
{
    char memory[LIMIT_PASSWORD];
    struct buf out = buf_over(memory, sizeof memory);
    enum status s = sasl_client_prepare(text, &out);
    OPENSSL_cleanse(memory, sizeof memory);
    return s == STATUS_OK;
}

static bool fits(const struct sasl_client_mechanism *m, const struct sasl_credentials *c)
{
    if (m->binds && c->binding.size == 0)
        return false;
    if (m->respond == sasl_client_external)
        return c->password.size == 0 && c->token.size == 0;
    if (m->digest && !(can_prepare(c->user) && can_prepare(c->password)))
        return false;
    return m->wants_token ? c->token.size > 0 : c->password.size > 0 && c->user.size > 0;
}

const struct sasl_client_mechanism *
sasl_client_choose(struct slice offered, const struct sasl_credentials *c, bool clear_allowed)
{
    const struct sasl_client_mechanism *best = NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const struct sasl_client_mechanism *m = &rows[i];
        if (!fits(m, c) || (m->is_clear && !clear_allowed) || !is_offered(offered, m))
            continue;
        /* A token beats a password: whoever gave both means it. */
        if (!best || (m->wants_token && !best->wants_token))
            best = m;
    }
    return best;
}

void sasl_client_say(struct sasl_client *x, const char *what, struct slice foreign)
{
    struct buf out = buf_over(x->error, sizeof x->error - 1);
    buf_put_str(&out, what);
    escape_plain(&out, foreign, sizeof x->error);
    x->error[out.size] = 0;
}

/* Octets that no name and no secret may have (A54). */
static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] == 0 || s.data[i] == 1 || s.data[i] == '\r' || s.data[i] == '\n')
            return true;
    return false;
}

void sasl_client_init(struct sasl_client *x, const struct sasl_client_mechanism *m,
                      const struct sasl_credentials *c)
{
    x->mechanism = m;
    x->credentials = c;
    x->step = 0;
    x->is_proved = !m->must_prove;
    x->text_size = 0;
    x->error[0] = 0;
    const struct slice all[] = {c->user, c->password, c->authzid, c->token, c->host};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (has_control(all[i])) {
            sasl_client_say(x, "a control character in the user's name or secret", SLICE(""));
            x->step = SASL_CLIENT_BROKEN;
        }
    if (m->binds && c->binding.size == 0) {
        sasl_client_say(x, "channel binding needs TLS 1.3", SLICE(""));
        x->step = SASL_CLIENT_BROKEN;
    }
}

static enum status advance(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    size_t before = out->size;
    if (x->step == SASL_CLIENT_BROKEN)
        return STATUS_MALFORMED;
    enum status s = challenge.size > LIMIT_SASL_DATA ? STATUS_TOO_LARGE
                                                     : x->mechanism->respond(x, challenge, out);
    if (s == STATUS_OK && out->overflow)
        s = STATUS_TOO_LARGE;
    if (s != STATUS_OK) {
        out->size = before;
        x->step = SASL_CLIENT_BROKEN;
        x->is_proved = false;
    }
    return s;
}

bool sasl_client_initial(struct sasl_client *x, struct buf *out)
{
    return x->mechanism->speaks_first && x->step == 0 &&
           advance(x, slice_of(NULL, 0), out) == STATUS_OK;
}

enum status sasl_client_feed(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    return advance(x, challenge, out);
}

enum status sasl_client_done(const struct sasl_client *x)
{
    return x->is_proved && x->step != 0 && x->step != SASL_CLIENT_BROKEN ? STATUS_OK
                                                                         : STATUS_DENIED;
}

void sasl_client_wipe(struct sasl_client *x)
{
    OPENSSL_cleanse(x, sizeof *x);
}

void sasl_client_put_name(struct buf *out, struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == ',')
            buf_put_str(out, "=2C");
        else if (name.data[i] == '=')
            buf_put_str(out, "=3D");
        else
            buf_put_char(out, name.data[i]);
}

void sasl_client_put_hex(struct buf *out, struct slice octets)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < octets.size; i++) {
        unsigned char c = (unsigned char)octets.data[i];
        buf_put_char(out, digits[c >> 4]);
        buf_put_char(out, digits[c & 15]);
    }
}
