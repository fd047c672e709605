#include "client/account_presets.h"

#include <stdio.h>

const struct account_preset ACCOUNT_PRESETS[] = {
    {"Gmail", "gmail.com googlemail.com", "pop.gmail.com", ACCOUNT_NEED_APP_PASSWORD,
     "Switch POP on in Gmail's settings (Forwarding and POP/IMAP), switch 2-step verification on, "
     "and make an app password at https://myaccount.google.com/apppasswords; or use an OAuth token "
     "(tokeneval). A user name that begins with recent: shows the last 30 days and deletes "
     "nothing."},
    {"Outlook.com",
     "outlook.com hotmail.com live.com msn.com outlook.de outlook.fr hotmail.de hotmail.fr "
     "hotmail.co.uk live.co.uk",
     "outlook.office365.com", ACCOUNT_NEED_OAUTH,
     "Switch POP on in Outlook's settings (Mail, Forwarding and IMAP). Passwords are refused: an "
     "OAuth token is needed (tokeneval COMMAND)."},
    {"Microsoft 365", "onmicrosoft.com", "outlook.office365.com", ACCOUNT_NEED_OAUTH,
     "The administrator must allow POP for the mailbox. Passwords are refused: an OAuth token is "
     "needed (tokeneval COMMAND)."},
    {"Yahoo", "yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es ymail.com rocketmail.com",
     "pop.mail.yahoo.com", ACCOUNT_NEED_APP_PASSWORD,
     "Make an app password in the account's security settings (Generate app password)."},
    {"AOL", "aol.com aim.com", "pop.aol.com", ACCOUNT_NEED_APP_PASSWORD,
     "Make an app password in the account's security settings (Generate app password)."},
    {"QQ", "qq.com foxmail.com vip.qq.com", "pop.qq.com", ACCOUNT_NEED_AUTHORISATION,
     "Switch POP3 on in the web mail's settings (Account), which gives an authorisation code: it "
     "takes the password's place here."},
    {"163", "163.com", "pop.163.com", ACCOUNT_NEED_AUTHORISATION,
     "Switch POP3 on in the web mail's settings (POP3/SMTP/IMAP), which gives a client "
     "authorisation code: it takes the password's place here."},
    {"126", "126.com", "pop.126.com", ACCOUNT_NEED_AUTHORISATION,
     "Switch POP3 on in the web mail's settings (POP3/SMTP/IMAP), which gives a client "
     "authorisation code: it takes the password's place here."},
    {"yeah.net", "yeah.net", "pop.yeah.net", ACCOUNT_NEED_AUTHORISATION,
     "Switch POP3 on in the web mail's settings (POP3/SMTP/IMAP), which gives a client "
     "authorisation code: it takes the password's place here."},
    {"iCloud", "icloud.com me.com mac.com", NULL, ACCOUNT_NEED_NO_POP3,
     "iCloud Mail has no POP3, only IMAP. Its mail can be forwarded (iCloud Mail, Settings, Mail "
     "Forwarding) to an address that has."},
    {"Proton", "proton.me protonmail.com pm.me", NULL, ACCOUNT_NEED_NO_POP3,
     "Proton Mail has no POP3; its Bridge program speaks IMAP only."},
};
const size_t ACCOUNT_PRESET_COUNT = sizeof ACCOUNT_PRESETS / sizeof *ACCOUNT_PRESETS;

static bool has_word(const char *words, struct slice word)
{
    struct slice rest = slice_str(words);
    while (rest.size > 0) {
        size_t n = slice_find(rest, ' ');
        if (slice_equal_nocase(slice_take(rest, n), word))
            return true;
        rest = slice_skip(rest, n < rest.size ? n + 1 : n);
    }
    return false;
}

/* A company's first name at Microsoft is COMPANY.onmicrosoft.com. */
const struct account_preset *account_preset_find(struct slice domain)
{
    static const char tenant[] = ".onmicrosoft.com";
    size_t size = sizeof tenant - 1;
    if (domain.size > size &&
        slice_equal_nocase(slice_skip(domain, domain.size - size), slice_str(tenant)))
        domain = slice_str(tenant + 1);
    for (size_t i = 0; i < ACCOUNT_PRESET_COUNT; i++) {
        if (has_word(ACCOUNT_PRESETS[i].domains, domain))
            return &ACCOUNT_PRESETS[i];
    }
    return NULL;
}

static void add(struct account_guesses *out, const char *prefix, const char *domain, bool implicit)
{
    if (out->count == ACCOUNT_GUESSES_MAX)
        return;
    struct account_guess *g = &out->list[out->count];
    int n = snprintf(g->host, sizeof g->host, "%s%s", prefix, domain);
    if (n < 0 || (size_t)n >= sizeof g->host)
        return;
    g->port = implicit ? 995 : 110;
    g->implicit_tls = implicit;
    out->count++;
}

void account_guess(const char *domain, struct account_guesses *out)
{
    static const char *const prefixes[] = {"pop.", "mail.", "pop3.", ""};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        add(out, prefixes[i], domain, true);
    for (size_t i = 0; i < 2; i++)
        add(out, prefixes[i], domain, false);
}
