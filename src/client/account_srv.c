#include "client/account_presets.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>

enum { ANSWER_OCTETS = 16 * 1024, SRV_FIXED = 6 };

/* One record while they are sorted: RFC 2782's weights share load, which one person's choice of a
 * server does not need: the heavier goes first. */
struct record {
    unsigned priority, weight;
    struct account_guess guess;
};

static bool comes_before(const struct record *a, const struct record *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->weight > b->weight;
}

/* The name goes to the resolver, to TLS and to messages. */
static bool is_clean(const char *host)
{
    if (host[0] == '\0' || host[0] == '-' || host[0] == '.')
        return false;
    for (const char *p = host; *p != '\0'; p++) {
        char c = *p;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '-' && c != '.' && c != '_')
            return false;
    }
    return true;
}

/* False: not a record that can be used; `*is_refusal`: the target is the root, "decidedly not
 * available" [RFC 2782]. */
static bool read_record(ns_msg *message, int index, struct record *out, bool *is_refusal)
{
    ns_rr rr;
    if (ns_parserr(message, ns_s_an, index, &rr) != 0 || ns_rr_type(rr) != ns_t_srv ||
        ns_rr_rdlen(rr) <= SRV_FIXED)
        return false;
    const unsigned char *data = ns_rr_rdata(rr);
    out->priority = ns_get16(data);
    out->weight = ns_get16(data + 2);
    out->guess.port = (uint16_t)ns_get16(data + 4);
    if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + SRV_FIXED, out->guess.host,
                  sizeof out->guess.host) < 0)
        return false;
    *is_refusal = out->guess.host[0] == '\0' || strcmp(out->guess.host, ".") == 0;
    return !*is_refusal && out->guess.port > 0 && is_clean(out->guess.host);
}

static size_t collect(ns_msg *message, struct record *list, bool implicit_tls, bool *is_refused)
{
    size_t count = 0;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an) && count < ACCOUNT_GUESSES_MAX; i++) {
        struct record one;
        bool is_refusal = false;
        if (!read_record(message, i, &one, &is_refusal)) {
            *is_refused = *is_refused || is_refusal;
            continue;
        }
        one.guess.implicit_tls = implicit_tls;
        size_t at = count++;
        for (; at > 0 && comes_before(&one, &list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = one;
    }
    return count;
}

enum status account_srv_parse(struct slice answer, bool implicit_tls, struct account_guesses *out)
{
    ns_msg message;
    struct record list[ACCOUNT_GUESSES_MAX];
    bool is_refused = false;
    if (answer.size > ANSWER_OCTETS ||
        ns_initparse((const unsigned char *)answer.data, (int)answer.size, &message) != 0)
        return STATUS_TEMPORARY;
    size_t count = collect(&message, list, implicit_tls, &is_refused);
    for (size_t i = 0; i < count && out->count < ACCOUNT_GUESSES_MAX; i++)
        out->list[out->count++] = list[i].guess;
    return count > 0 ? STATUS_OK : is_refused ? STATUS_UNSUPPORTED : STATUS_NOT_FOUND;
}

static enum status ask(res_state resolver, const char *service, const char *domain, bool implicit,
                       struct account_guesses *out)
{
    static unsigned char answer[ANSWER_OCTETS];
    char name[NS_MAXDNAME];
    int n = snprintf(name, sizeof name, "%s.%s", service, domain);
    if (n < 0 || (size_t)n >= sizeof name)
        return STATUS_NOT_FOUND;
    int size = res_nquery(resolver, name, ns_c_in, ns_t_srv, answer, sizeof answer);
    if (size < 0)
        return resolver->res_h_errno == HOST_NOT_FOUND || resolver->res_h_errno == NO_DATA
                   ? STATUS_NOT_FOUND
                   : STATUS_TEMPORARY;
    if (size > (int)sizeof answer)
        size = sizeof answer;
    return account_srv_parse(slice_of(answer, (size_t)size), implicit, out);
}

/* One service that is offered outweighs a refusal of the other. */
enum status account_srv_find(const char *domain, struct account_guesses *out)
{
    struct __res_state resolver = {.options = 0};
    if (res_ninit(&resolver) != 0)
        return STATUS_TEMPORARY;
    resolver.retrans = 3;
    resolver.retry = 2;
    enum status first = ask(&resolver, "_pop3s._tcp", domain, true, out);
    enum status second =
        first == STATUS_TEMPORARY ? first : ask(&resolver, "_pop3._tcp", domain, false, out);
    res_nclose(&resolver);
    if (first == STATUS_OK || second == STATUS_OK)
        return STATUS_OK;
    return first == STATUS_NOT_FOUND ? second : first;
}
