#include "client/account_directive.h"

static void check_needed(struct config_reader *r, const struct account_block *b)
{
    for (size_t i = 0; i < ACCOUNT_DIRECTIVE_COUNT; i++) {
        const struct account_directive *d = &ACCOUNT_DIRECTIVES[i];
        if (d->fallback == NULL && b->seen[i].line == 0)
            config_fault(r, &b->name, "account %s has no %s; add a line such as: %s",
                         b->account.name, d->name, d->example);
    }
}

static bool is_token_mechanism(const char *auth)
{
    return strcmp(auth, "OAUTHBEARER") == 0 || strcmp(auth, "XOAUTH2") == 0;
}

static void check_login(struct config_reader *r, const struct account_block *b)
{
    const struct account *a = &b->account;
    const struct config_word *auth = account_seen(b, "auth");
    if (auth == NULL || a->auth == NULL)
        return;
    if (is_token_mechanism(a->auth) && a->token_eval == NULL)
        config_fault(r, auth, "%s needs a token; add: tokeneval COMMAND", a->auth);
    if (a->authzid != NULL && (strcmp(a->auth, "USER") == 0 || strcmp(a->auth, "APOP") == 0))
        config_fault(r, account_seen(b, "authzid"), "%s knows no authzid; auth PLAIN does",
                     a->auth);
}

/* A pinned certificate that nothing would ever look at is a false comfort. */
static void check_tls(struct config_reader *r, const struct account_block *b)
{
    const struct account *a = &b->account;
    const struct config_word *pin = account_seen(b, "tls-fingerprint");
    if (pin != NULL && a->host != NULL && a->tls == ACCOUNT_TLS_NONE)
        config_fault(r, pin,
                     "this account's connection has no TLS and so no certificate; add: tls "
                     "stls");
}

/* A deleted message must be somewhere: on a pipe of the shell it may be nowhere. */
static void check_keep(struct config_reader *r, const struct account_block *b)
{
    const struct account *a = &b->account;
    if (a->target == ACCOUNT_TARGET_STDOUT && a->keep != ACCOUNT_KEEP_FOREVER)
        config_fault(r, &b->name,
                     "account %s would delete what was only written to standard output; use keep "
                     "forever or another deliver",
                     a->name);
    if (a->dedupe_content && a->target == ACCOUNT_TARGET_STDOUT)
        config_fault(r, &b->name, "account %s: dedupe needs a deliver that lasts", a->name);
}

void account_check(struct config_reader *r, const struct account_block *b)
{
    check_needed(r, b);
    check_login(r, b);
    check_tls(r, b);
    check_keep(r, b);
}
