/* account_presets: where the mail of an address is likely to be fetched: what is known of big
 * providers, what the domain's DNS says (SRV, RFC 6186), and names that are often right. */
#ifndef POPLIN_CLIENT_ACCOUNT_PRESETS_H
#define POPLIN_CLIENT_ACCOUNT_PRESETS_H

#include "base/slice.h"
#include "base/status.h"

enum account_need {
    ACCOUNT_NEED_PASSWORD,      /* the usual one */
    ACCOUNT_NEED_APP_PASSWORD,  /* one that was made for this program only */
    ACCOUNT_NEED_AUTHORISATION, /* a client authorisation code in place of the password */
    ACCOUNT_NEED_OAUTH,         /* an access token: tokeneval */
    ACCOUNT_NEED_NO_POP3,       /* the provider has no POP3 at all */
};

struct account_preset {
    const char *provider;
    const char *domains; /* with blanks between */
    const char *host;    /* TLS from the first octet, port 995; NULL: has no POP3 */
    enum account_need need;
    const char *advice; /* what to do first, a sentence or two */
};

extern const struct account_preset ACCOUNT_PRESETS[];
extern const size_t ACCOUNT_PRESET_COUNT;

/* By the domain of an address, in any letter case; NULL: not known. */
const struct account_preset *account_preset_find(struct slice domain);

enum { ACCOUNT_GUESSES_MAX = 12, ACCOUNT_GUESS_HOST = 256 };

struct account_guess {
    char host[ACCOUNT_GUESS_HOST];
    uint16_t port;
    bool implicit_tls;
};
struct account_guesses {
    struct account_guess list[ACCOUNT_GUESSES_MAX];
    size_t count;
};

/* The domain's SRV records _pop3s._tcp and _pop3._tcp, best first; asks the system's resolver and
 * waits for it. NOT_FOUND: there are none; UNSUPPORTED: the domain says that it has no POP3
 * (a target of "."); TEMPORARY: no answer. */
enum status account_srv_find(const char *domain, struct account_guesses *out);
/* One answer of the DNS, as it came. `implicit_tls`: which of the two was asked for. */
enum status account_srv_parse(struct slice answer, bool implicit_tls, struct account_guesses *out);

/* pop.DOMAIN, mail.DOMAIN, DOMAIN … appended. */
void account_guess(const char *domain, struct account_guesses *out);

#endif
