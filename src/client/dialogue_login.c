#include "client/dialogue_machine.h"

#include <stdio.h>

/* From the greeting to the login: CAPA, STLS where the account wants TLS that way, CAPA anew, the
 * best way to log in that the server offers and the account allows, CAPA once more.
 *
 * What is never done: send a secret in clear off loopback, unless the account says `tls none`; go
 * on in clear after STLS was asked for; try a password twice. */

enum { SASL_ROUNDS_MAX = 8 };

static void ask(struct dialogue *d, enum dialogue_phase phase, enum pop3_verb verb,
                struct slice arguments)
{
    enum status s = pop3_client_command(&d->machine, &d->out, verb, arguments);
    d->phase = phase;
    if (s == STATUS_MALFORMED || s == STATUS_TOO_LARGE)
        dialogue_fail(d, FAILURE_CONFIG,
                      "%s: the user name or password cannot be sent: it is too long or holds a "
                      "line end",
                      dialogue_host(d));
    else if (s != STATUS_OK)
        dialogue_fail(d, FAILURE_PROTOCOL, "%s: the server is not ready for %s", dialogue_host(d),
                      pop3_command_row(verb)->name);
}

static bool may_send_clear(const struct dialogue *d)
{
    return d->is_secure || d->is_loopback || d->account->plain_allowed;
}

static void refuse_clear(struct dialogue *d)
{
    dialogue_fail(
        d, FAILURE_UNSAFE,
        "%s: would send the password in clear; use pop3s:// or pop3://, or say `tls none` "
        "in the account if the network is trusted",
        dialogue_host(d));
}

/* ---- SASL ---- */

static void begin_sasl(struct dialogue *d, const struct sasl_client_mechanism *m, bool in_one_step)
{
    char memory[4096];
    struct buf b = buf_over(memory, sizeof memory);
    struct slice name = slice_str(sasl_client_name(m));
    sasl_client_init(&d->sasl, m, &d->credentials);
    d->phase = PHASE_AUTH;
    d->mechanism = sasl_client_name(m);
    d->sasl_rounds = 0;
    d->sent_initial = in_one_step && sasl_client_initial(&d->sasl, &b);
    struct slice initial = buf_slice(&b);
    enum status s = pop3_client_auth(&d->machine, &d->out, name, d->sent_initial ? &initial : NULL);
    if (s == STATUS_TOO_LARGE) { /* it answers the empty challenge instead */
        sasl_client_init(&d->sasl, m, &d->credentials);
        d->sent_initial = false;
        s = pop3_client_auth(&d->machine, &d->out, name, NULL);
    }
    explicit_bzero(memory, sizeof memory);
    if (s != STATUS_OK)
        dialogue_fail(d, FAILURE_CONFIG, "%s: the credentials do not fit AUTH %s", dialogue_host(d),
                      d->mechanism);
}

static void cancel(struct dialogue *d, const char *why)
{
    (void)!pop3_client_cancel(&d->machine, &d->out);
    dialogue_flush(d);
    dialogue_fail(d, FAILURE_LOGIN, "%s: AUTH %s: %s", dialogue_host(d), d->mechanism, why);
}

static void on_challenge(struct dialogue *d, const struct pop3_client_event *e)
{
    char memory[8192];
    struct buf b = buf_over(memory, sizeof memory);
    if (++d->sasl_rounds > SASL_ROUNDS_MAX) { /* A55 */
        cancel(d, "the dialogue has no end");
        return;
    }
    enum status s = sasl_client_feed(&d->sasl, e->is_base64 ? e->data : slice_of(NULL, 0), &b);
    if (s == STATUS_OK)
        s = pop3_client_response(&d->machine, &d->out, buf_slice(&b));
    explicit_bzero(memory, sizeof memory);
    if (s == STATUS_DENIED)
        dialogue_fail(d, FAILURE_LOGIN, "%s: AUTH %s refused: %s", dialogue_host(d), d->mechanism,
                      d->sasl.error);
    else if (s != STATUS_OK)
        cancel(d, d->sasl.error[0] ? d->sasl.error : "the server's challenge does not fit");
}

static void after_login(struct dialogue *d)
{
    if (d->without_capa)
        dialogue_become_ready(d);
    else
        ask(d, PHASE_CAPA_AFTER, POP3_VERB_CAPA, SLICE(""));
}

/* C13: some take a token only in answer to an empty challenge and refuse it in one line with AUTH.
 * A token is tried in both forms; a password never twice. */
static bool wants_two_steps(const struct dialogue *d, const struct pop3_reply *reply)
{
    return d->sent_initial && d->sasl_rounds == 0 && d->credentials.token.size > 0 &&
           reply->code == POP3_CODE_NONE;
}

/* Some close behind that refusal, or instead of one; where they did, the answer to AUTH alone was
 * never read. */
bool dialogue_wants_two_steps(const struct dialogue *d)
{
    return !d->in_two_steps && d->sasl_rounds == 0 && d->credentials.token.size > 0;
}

static void on_auth_reply(struct dialogue *d, const struct pop3_client_event *e)
{
    if (e->reply.answer != POP3_OK && wants_two_steps(d, &e->reply)) {
        begin_sasl(d, sasl_client_find(slice_str(d->mechanism)), false);
        return;
    }
    if (e->reply.answer != POP3_OK) {
        if (d->sasl.error[0])
            failure_set(&d->why, FAILURE_LOGIN, "%s: AUTH %s refused: %s; get a new token",
                        dialogue_host(d), d->mechanism, d->sasl.error);
        dialogue_refused(d, &e->reply, true, "login");
        return;
    }
    if (sasl_client_done(&d->sasl) != STATUS_OK) {
        dialogue_fail(d, FAILURE_PROTOCOL,
                      "%s: AUTH %s: the server did not prove that it knows the password; somebody "
                      "may stand in for it",
                      dialogue_host(d), d->mechanism);
        return;
    }
    after_login(d);
}

/* ---- which way ---- */

static void log_in_with_user(struct dialogue *d)
{
    if (!may_send_clear(d)) {
        refuse_clear(d);
        return;
    }
    d->mechanism = "USER";
    ask(d, PHASE_USER, POP3_VERB_USER, d->credentials.user);
}

static void log_in_with(struct dialogue *d, const struct sasl_client_mechanism *m)
{
    if (sasl_client_is_clear(m) && !may_send_clear(d))
        refuse_clear(d);
    else
        begin_sasl(d, m, !d->in_two_steps);
}

/* C05: only where the account says so. */
static void log_in_with_apop(struct dialogue *d)
{
    char digest[33];
    if (d->stamp[0] == '\0') {
        dialogue_fail(d, FAILURE_LOGIN,
                      "%s: the greeting has no stamp for APOP; use another `auth`",
                      dialogue_host(d));
        return;
    }
    sasl_apop(slice_str(d->stamp), d->credentials.password, digest);
    d->mechanism = "APOP";
    d->phase = PHASE_PASS;
    if (pop3_client_apop(&d->machine, &d->out, d->credentials.user, slice_str(digest)) != STATUS_OK)
        dialogue_fail(d, FAILURE_CONFIG, "%s: the user name cannot be sent with APOP",
                      dialogue_host(d));
}

static void log_in_as_told(struct dialogue *d)
{
    const char *auth = d->account->auth;
    const struct sasl_client_mechanism *m = sasl_client_find(slice_str(auth));
    if (slice_equal_nocase(slice_str(auth), SLICE("USER")))
        log_in_with_user(d);
    else if (slice_equal_nocase(slice_str(auth), SLICE("APOP")))
        log_in_with_apop(d);
    else if (m)
        log_in_with(d, m);
    else
        dialogue_fail(d, FAILURE_CONFIG, "%s: `auth %s` is not known here", dialogue_host(d), auth);
}

static void log_in(struct dialogue *d)
{
    const struct pop3_capabilities *c = &d->machine.capabilities;
    struct slice offered = slice_of(c->mechanisms, c->mechanisms_size);
    d->credentials.offers_plus = sasl_client_offers_plus(offered);
    if (d->account->auth) {
        log_in_as_told(d);
        return;
    }
    const struct sasl_client_mechanism *m =
        sasl_client_choose(offered, &d->credentials, may_send_clear(d));
    if (m)
        log_in_with(d, m);
    else if (d->credentials.token.size > 0)
        dialogue_fail(d, FAILURE_LOGIN,
                      "%s: the server offers neither OAUTHBEARER nor XOAUTH2 for the token",
                      dialogue_host(d));
    else
        log_in_with_user(d);
}

void dialogue_log_in(struct dialogue *d, struct slice user, struct slice password,
                     struct slice token)
{
    if (d->phase != PHASE_READY)
        return;
    d->credentials.user = user;
    d->credentials.password = password;
    d->credentials.token = token;
    dialogue_limit_step(d);
    log_in(d);
    if (d->phase != PHASE_OVER)
        dialogue_flush(d);
}

static void go_on(struct dialogue *d)
{
    bool wants_stls = d->account->tls == ACCOUNT_TLS_STLS && !d->is_secure;
    const struct pop3_capabilities *c = &d->machine.capabilities;
    if (wants_stls && (!c->is_known || (c->has & POP3_HAS_STLS)))
        ask(d, PHASE_STLS, POP3_VERB_STLS, SLICE(""));
    else if (wants_stls && d->is_loopback && !d->account->has_fingerprint)
        dialogue_fail(d, FAILURE_TLS,
                      "%s: the server offers no STLS; on loopback `tls none` goes without",
                      dialogue_host(d));
    else if (wants_stls)
        dialogue_fail(d, FAILURE_TLS,
                      "%s: the server offers no STLS; nothing was sent in clear. Try pop3s://",
                      dialogue_host(d));
    else if (!d->options.login)
        dialogue_become_ready(d);
    else
        log_in(d);
}

void dialogue_login_begin(struct dialogue *d)
{
    if (d->without_capa)
        go_on(d);
    else
        ask(d, PHASE_CAPA, POP3_VERB_CAPA, SLICE(""));
}

/* ---- events ---- */

static void on_greeting(struct dialogue *d, const struct pop3_client_event *e)
{
    struct slice stamp = pop3_reply_timestamp(e->reply.text);
    failure_printable(e->reply.text, d->greeting, sizeof d->greeting);
    snprintf(d->stamp, sizeof d->stamp, "%.*s", SLICE_ARGS(stamp));
    if (e->reply.answer != POP3_OK)
        dialogue_refused(d, &e->reply, false, "connecting");
    else
        dialogue_login_begin(d);
}

static void on_user(struct dialogue *d, const struct pop3_client_event *e)
{
    if (e->reply.answer == POP3_OK)
        ask(d, PHASE_PASS, POP3_VERB_PASS, d->credentials.password);
    else
        dialogue_refused(d, &e->reply, true, "login");
}

static void on_pass(struct dialogue *d, const struct pop3_client_event *e)
{
    if (e->reply.answer == POP3_OK)
        after_login(d);
    else
        dialogue_refused(d, &e->reply, true, "login");
}

static void on_reply(struct dialogue *d, const struct pop3_client_event *e)
{
    switch (d->phase) {
    case PHASE_CAPA:
        d->capa_begun = e->lines_follow;
        if (!e->lines_follow)
            go_on(d); /* -ERR: probe what is needed (C04) */
        break;
    case PHASE_CAPA_AFTER:
        if (!e->lines_follow)
            dialogue_become_ready(d);
        break;
    case PHASE_STLS:
        dialogue_fail(d, FAILURE_TLS,
                      "%s: the server refused STLS; nothing was sent in clear. Try pop3s://",
                      dialogue_host(d));
        break;
    case PHASE_AUTH:
        on_auth_reply(d, e);
        break;
    case PHASE_USER:
        on_user(d, e);
        break;
    case PHASE_PASS:
        on_pass(d, e);
        break;
    default:
        break;
    }
}

void dialogue_login_event(struct dialogue *d, const struct pop3_client_event *e)
{
    switch (e->type) {
    case POP3_CLIENT_GREETING:
        on_greeting(d, e);
        break;
    case POP3_CLIENT_REPLY:
        on_reply(d, e);
        break;
    case POP3_CLIENT_END:
        if (d->phase == PHASE_CAPA)
            go_on(d);
        else if (d->phase == PHASE_CAPA_AFTER)
            dialogue_become_ready(d);
        break;
    case POP3_CLIENT_CONTINUE:
        on_challenge(d, e);
        break;
    case POP3_CLIENT_STLS_READY:
        dialogue_shake_hands(d);
        break;
    default:
        break;
    }
}
