/* poplin init: which server has the mail of an address. What the person said comes first, then the
 * providers that are known here, then what the domain's DNS says, then names that are often right.
 * DNS can be forged: a server outside the domain gets a password only when a person agrees
 * [RFC 6186 6]. */
#include "cli/poplin_init.h"

#include "cli/poplin.h"
#include "client/account_terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { TRY_TIMEOUT_MS = 10000 };

static int take_url(struct init *i, const char *url)
{
    struct account found;
    char why[200];
    enum status s = account_from_url(url, &found, why);
    if (s != STATUS_OK) {
        fprintf(stderr, "poplin: %s\n", why);
        return s == STATUS_NO_MEMORY ? EX_OSERR : EX_USAGE;
    }
    i->account.host = found.host;
    i->account.port = found.port;
    i->account.tls = found.tls;
    found.host = NULL;
    account_wipe(&found);
    return EX_OK;
}

static int take_preset(struct init *i)
{
    const struct account_preset *p = i->preset;
    printf("%s: %s\n", p->provider, p->advice);
    if (p->host == NULL)
        return EX_UNAVAILABLE;
    i->account.host = strdup(p->host);
    i->account.port = 995;
    i->account.tls = ACCOUNT_TLS_IMPLICIT;
    return i->account.host != NULL ? EX_OK : EX_OSERR;
}

static bool is_within(const char *host, const char *domain)
{
    struct slice h = slice_str(host), d = slice_str(domain);
    if (h.size == d.size)
        return slice_equal_nocase(h, d);
    return h.size > d.size && h.data[h.size - d.size - 1] == '.' &&
           slice_equal_nocase(slice_skip(h, h.size - d.size), d);
}

/* Reaches it, with a certificate that is right, and hears POP3. */
static bool answers(struct init *i, const struct account_guess *g)
{
    struct account a = i->account;
    struct account_probe_options options = {.account = &a};
    a.host = (char *)g->host;
    a.name = a.host;
    a.port = g->port;
    a.tls = g->implicit_tls ? ACCOUNT_TLS_IMPLICIT : ACCOUNT_TLS_STLS;
    a.timeout = TRY_TIMEOUT_MS;
    printf("Trying %s port %u … ", g->host, g->port);
    fflush(stdout);
    bool ok = account_probe_run(&options, &i->probe) == STATUS_OK && i->probe.is_ready;
    puts(ok ? "yes" : "no");
    return ok;
}

static bool is_agreed(const struct init *i, const struct account_guess *g)
{
    char question[800];
    if (is_within(g->host, i->domain))
        return true;
    (void)snprintf(question, sizeof question,
                   "The DNS of %s names %s as its server, which is outside that domain. Send your "
                   "password there? [y/N] ",
                   i->domain, g->host);
    if (account_terminal_confirm(question))
        return true;
    fprintf(stderr, "poplin: %s was not used; if it is right, say --server %s://%s:%u\n", g->host,
            g->implicit_tls ? "pop3s" : "pop3", g->host, g->port);
    return false;
}

static bool take_guesses(struct init *i, const struct account_guesses *list, bool are_of_dns)
{
    for (size_t n = 0; n < list->count; n++) {
        const struct account_guess *g = &list->list[n];
        if (!answers(i, g) || (are_of_dns && !is_agreed(i, g)))
            continue;
        i->account.host = strdup(g->host);
        i->account.port = g->port;
        i->account.tls = g->implicit_tls ? ACCOUNT_TLS_IMPLICIT : ACCOUNT_TLS_STLS;
        return i->account.host != NULL;
    }
    return false;
}

int poplin_init_server(struct init *i)
{
    struct account_guesses named = {.count = 0}, guessed = {.count = 0};
    if (i->server != NULL)
        return take_url(i, i->server);
    if (i->preset != NULL)
        return take_preset(i);
    enum status s = account_srv_find(i->domain, &named);
    if (s == STATUS_UNSUPPORTED) {
        fprintf(stderr, "poplin: the DNS of %s says that it has no POP3\n", i->domain);
        return EX_UNAVAILABLE;
    }
    if (take_guesses(i, &named, true))
        return EX_OK;
    account_guess(i->domain, &guessed);
    if (take_guesses(i, &guessed, false))
        return EX_OK;
    fprintf(stderr,
            "poplin: no server was found for %s; ask your provider for its POP3 server and say "
            "--server pop3s://HOST\n",
            i->domain);
    return EX_UNAVAILABLE;
}
