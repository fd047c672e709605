#include "client/account_directive.h"

const struct account_directive ACCOUNT_DIRECTIVES[] = {
    {"server", "URL", NULL, "server pop3s://pop.example.org",
     "The server: pop3s:// has TLS from the first octet (port 995), pop3:// starts it with STLS "
     "(port 110) and never goes on without, but on a loopback address, where it is plain.",
     NULL, 1, 1, true, false, account_take_server},
    {"user", "NAME", NULL, "user ann@example.org", "The name to log in with.", NULL, 1, 1, true,
     false, account_take_user},
    {"passwordeval", "COMMAND", "asked for on the terminal", "passwordeval \"pass show mail/work\"",
     "A command, run by /bin/sh, whose first line of output is the password.", "password", 1, 1,
     false, false, account_take_passwordeval},
    {"password", "file:PATH | keyring | ask", "ask", "password file:~/.config/poplin/work.password",
     "Where the password is: the first line of a file that nobody else may read, the desktop's "
     "keyring where that is built in, or the person at the terminal.",
     "passwordeval", 1, 1, false, false, account_take_password},
    {"tokeneval", "COMMAND", "none", "tokeneval \"oauth2ms --resource pop\"",
     "A command, run by /bin/sh, whose first line of output is an OAuth access token, which is "
     "then used in place of a password.",
     NULL, 1, 1, false, false, account_take_tokeneval},
    {"auth", "NAME", "the best that the server offers", "auth SCRAM-SHA-256",
     "The one way to log in: the name of a SASL mechanism, USER (which is USER and PASS), or APOP, "
     "which is used only when it is asked for here.",
     NULL, 1, 1, false, false, account_take_auth},
    {"authzid", "NAME", "none", "authzid shared@example.org",
     "Whose mail to read, where that is not the user's own and the server allows it.", NULL, 1, 1,
     true, false, account_take_authzid},
    {"tls", "implicit | stls | none", "as the URL says", "tls none",
     "How the connection is protected: none is needed for pop3:// in clear off loopback, stls for "
     "TLS with a pop3:// server on loopback.",
     NULL, 1, 1, true, false, account_take_tls},
    {"ca", "FILE", "the system's", "ca ~/.config/poplin/ca.pem",
     "The certificates, in PEM, that the server's may be signed by.", NULL, 1, 1, false, false,
     account_take_ca},
    {"tls-fingerprint", "sha256:HEX", "the certificate's chain and name are verified",
     "tls-fingerprint "
     "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
     "The one certificate that is believed, whatever its name, chain and dates, by the SHA-256 of "
     "its DER form; colons between the octets are allowed.",
     NULL, 1, 1, true, false, account_take_fingerprint},
    {"proxy", "socks5://[USER:PASSWORD@]HOST:PORT | none", "none", "proxy socks5://127.0.0.1:9050",
     "A SOCKS5 proxy, which also looks the server's name up; none undoes one of the defaults.",
     NULL, 1, 1, false, false, account_take_proxy},
    {"deliver",
     "maildir DIR | mbox FILE | pipe COMMAND [ARGUMENT ...] | lmtp HOST:PORT|PATH | "
     "stdout",
     "nowhere: fetch refuses", "deliver maildir ~/Mail/work",
     "Where the mail goes; a pipe gets each message on its standard input, is run without a shell, "
     "and its arguments go on to the end of the line.",
     NULL, 1, ACCOUNT_ARGUMENTS_MAX + 1, false, true, account_take_deliver},
    {"keep", "forever | none | TIME", "forever", "keep 30d",
     "How long a message stays on the server after it was fetched and is durable here.", NULL, 1, 1,
     false, false, account_take_keep},
    {"timeout", "TIME", "60s", "timeout 90s",
     "How long one step, such as connecting or a command, may stand still.", NULL, 1, 1, false,
     false, account_take_timeout},
    {"run-timeout", "TIME", "0: none", "run-timeout 1h", "How long a whole run may take.", NULL, 1,
     1, false, false, account_take_run_timeout},
    {"pipeline", "NUMBER [forced]", "64", "pipeline 128",
     "Commands sent ahead of their answers to a server that announces PIPELINING, and with forced "
     "to one that does not; 1 sends none ahead.",
     NULL, 1, 2, false, false, account_take_pipeline},
    {"headers", "received | delivered-to | none ...", "none: messages stay as they came",
     "headers received delivered-to", "Header lines to put before each message.", NULL, 1, 2, false,
     false, account_take_headers},
    {"dedupe", "content | none", "none", "dedupe content",
     "Drops a message whose octets were delivered already, by any account with this word.", NULL, 1,
     1, false, false, account_take_dedupe},
};
const size_t ACCOUNT_DIRECTIVE_COUNT = sizeof ACCOUNT_DIRECTIVES / sizeof *ACCOUNT_DIRECTIVES;
_Static_assert(sizeof ACCOUNT_DIRECTIVES / sizeof *ACCOUNT_DIRECTIVES <= ACCOUNT_DIRECTIVES_MAX,
               "a block remembers where each directive stood");

const struct account_directive *account_directive_find(struct slice name)
{
    for (size_t i = 0; i < ACCOUNT_DIRECTIVE_COUNT; i++) {
        if (slice_equal(name, slice_str(ACCOUNT_DIRECTIVES[i].name)))
            return &ACCOUNT_DIRECTIVES[i];
    }
    return NULL;
}

const struct config_word *account_seen(const struct account_block *b, const char *directive)
{
    const struct account_directive *d = account_directive_find(slice_str(directive));
    return d != NULL && b->seen[d - ACCOUNT_DIRECTIVES].line > 0 ? &b->seen[d - ACCOUNT_DIRECTIVES]
                                                                 : NULL;
}

void account_defaults(struct account *a)
{
    *a = (struct account){.timeout = 60 * 1000, .pipeline = 64};
}

bool account_is_name(struct slice text)
{
    if (text.size == 0 || text.size > ACCOUNT_NAME_MAX || text.data[0] == '.' ||
        text.data[0] == '-')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}
