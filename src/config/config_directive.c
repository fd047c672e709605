#include "config/config_directive.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define MILLION 1000000u

const char *const CONFIG_LOCK_WORDS[3] = {"exclusive", "snapshot", "takeover"};
const char *const CONFIG_LOG_FORMAT_WORDS[2] = {"logfmt", "json"};
const char *const CONFIG_LOG_TARGET_WORDS[2] = {"stderr", "syslog"};
const char *const CONFIG_UIDL_WORDS[2] = {"names", "keep"};
const char *const CONFIG_MECHANISM_WORDS[CONFIG_MECHANISM_COUNT] = {
    "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"};

#define COUNT(word, field, low, high, usual, text)                                                 \
    {                                                                                              \
        .name = word, .kind = CONFIG_SETTING_U32, .offset = offsetof(struct config, field),        \
        .unit = CONFIG_UNIT_NONE, .least = low, .most = high, .fallback = usual, .help = text      \
    }
#define TIME(word, field, low, high, usual, text)                                                  \
    {                                                                                              \
        .name = word, .kind = CONFIG_SETTING_U64, .offset = offsetof(struct config, field),        \
        .unit = CONFIG_UNIT_TIME, .least = low, .most = high, .fallback = usual, .help = text      \
    }
#define SETTINGS(list) .settings = list, .setting_count = sizeof list / sizeof *list

static const struct config_setting LISTEN[] = {
    {.name = "starttls",
     .kind = CONFIG_SETTING_FLAG,
     .offset = offsetof(struct config_listener, starttls_required),
     .words = {"allowed", "required"},
     .help = "Whether a client of pop3 must start TLS before it may log in."},
};

static const struct config_setting LIMITS[] = {
    COUNT("sessions", limits.sessions, 1, 10 * MILLION, 20000, "Sessions logged in, in all."),
    COUNT("per-address", limits.per_address, 1, 10 * MILLION, 50,
          "Sessions logged in from one IPv4 address or one IPv6 /64."),
    COUNT("per-user", limits.per_user, 1, 10 * MILLION, 4, "Sessions logged in of one user."),
    COUNT("unauthenticated", limits.unauthenticated, 1, 10 * MILLION, 5000,
          "Connections not logged in, in all; the oldest of the busiest source goes first."),
    COUNT("unauthenticated-per-address", limits.unauthenticated_per_address, 1, 10 * MILLION, 100,
          "Connections not logged in from one IPv4 address or one IPv6 /64."),
    COUNT("bad-commands-before-login", limits.bad_commands_before_login, 1, 1000, 3,
          "Bad commands in a row that end a connection before login."),
    COUNT("bad-commands-after-login", limits.bad_commands_after_login, 1, 1000, 20,
          "Bad commands in a row that end a session after login."),
    /* RFC 1939 3: at least ten minutes (S04). */
    TIME("idle", limits.idle, 10 * MINUTE, DAY, 10 * MINUTE,
         "Silence that ends a session after login; RFC 1939 forbids less than 10m."),
    TIME("login", limits.login, SECOND, 10 * MINUTE, MINUTE,
         "Silence that ends a connection before login."),
    TIME("handshake", limits.handshake, SECOND, 2 * MINUTE, 15 * SECOND,
         "Time that a TLS handshake may take."),
    TIME("drain", limits.drain, 0, HOUR, 30 * SECOND,
         "Time that sessions get to end by themselves when the server stops."),
    TIME("auth-fail-delay", limits.auth_fail_delay, 0, MINUTE, 2 * SECOND,
         "Delay of the answer to a first failed login; it grows with every further one."),
};

static const struct config_setting LOCK[] = {
    TIME("wait", lock_wait, 0, MINUTE, 2 * SECOND,
         "How long a login waits for a maildrop that is locked."),
    TIME("takeover", lock_takeover, SECOND, DAY, 30 * SECOND,
         "Idle time after which a session gives its lock up to a new login of its user."),
};

static const struct config_setting PROCESSES[] = {
    COUNT("front", fronts, 0, 256, 0, "Processes that speak with clients; 0: one for each core."),
    COUNT("store", stores, 0, 256, 0, "Processes that open maildrops; 0: one for each core."),
};

const struct config_directive CONFIG_DIRECTIVES[] = {
    {"hostname", "NAME", "the system's host name", "hostname mail.example.org",
     "The name that the server calls itself by, in its greeting and in a generated certificate.", 1,
     1, false, NULL, 0, config_set_hostname, config_print_hostname},
    {"listen", "pop3|pop3s [ADDRESS[:PORT]|[IPv6]:PORT|PORT] [{ starttls required|allowed }]", NULL,
     "listen pop3 127.0.0.1:1110 { starttls required }",
     "Accepts connections: pop3 in plain with STLS (port 110), pop3s with TLS from the first octet "
     "(port 995); without an address on all of IPv6 and IPv4.",
     1, 2, true, SETTINGS(LISTEN), config_set_listen, config_print_listen},
    {"tls", "auto | cert FILE key FILE", "auto when a listener needs a certificate",
     "tls cert /etc/ssl/mail.pem key /etc/ssl/mail.key",
     "Where the certificate comes from; several pairs are chosen from by the name that the client "
     "asks for, the first answers all others.",
     1, 4, true, NULL, 0, config_set_tls, config_print_tls},
    {"users", "file FILE", NULL, "users file /etc/poplin/users",
     "The file of user names and password hashes; poplinctl(8) edits it.", 2, 2, false, NULL, 0,
     config_set_users, config_print_users},
    {"mechanisms", "NAME...", "PLAIN LOGIN", "mechanisms SCRAM-SHA-256 PLAIN LOGIN",
     "The SASL mechanisms that are offered, of SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN "
     "and "
     "LOGIN, each SCRAM also with channel binding (-PLUS) over TLS; clients take the strongest, so "
     "SCRAM is for servers where every secret is {PLAIN} or a {SCRAM-...} of that digest.",
     1, CONFIG_MECHANISM_COUNT, false, NULL, 0, config_set_mechanisms, config_print_mechanisms},
    {"store", "maildir PATTERN | memory", NULL, "store maildir /var/mail/%d/%n",
     "Where a user's mail lies: %u is the whole name, %n the part before the @, %d the part after "
     "it, %h the home from the user file, %% a percent sign.",
     1, 2, false, NULL, 0, config_set_store, config_print_store},
    {"index", "DIRECTORY", "in each Maildir", "index /var/cache/poplin",
     "Keeps the index files in a directory of their own, for maildrops that are read-only or "
     "shared.",
     1, 1, false, NULL, 0, config_set_index, config_print_index},
    {"user", "NAME", "poplin", "user poplin",
     "The user that front and auth run as when the server is started as root.", 1, 1, false, NULL,
     0, config_set_user, config_print_user},
    {"mail-user", "NAME", "the owner of the store's fixed part", "mail-user vmail",
     "The user that store runs as when the server is started as root.", 1, 1, false, NULL, 0,
     config_set_mail_user, config_print_mail_user},
    {"limits", "{ NAME VALUE ... }", "see each", "limits { sessions 20000 per-user 4 idle 10m }",
     "What is allowed at once, and for how long.", 0, 0, false, SETTINGS(LIMITS), config_set_limits,
     config_print_limits},
    {"lock", "exclusive|snapshot|takeover [{ NAME VALUE ... }]", "exclusive",
     "lock exclusive { wait 2s takeover 30s }",
     "Who may have a maildrop open: one session; every session its own view; or the newest, which "
     "ends the older one of the same user.",
     1, 1, false, SETTINGS(LOCK), config_set_lock, config_print_lock},
    {"uidl", "names|keep", "names", "uidl keep",
     "Unique-ids come from file names, or are kept as an earlier server gave them where its files "
     "are found.",
     1, 1, false, NULL, 0, config_set_uidl, config_print_uidl},
    {"log", "logfmt|json [stderr|syslog]", "logfmt stderr", "log json syslog",
     "How a line of the log looks, and where it goes; on standard error the journal is recognised.",
     1, 2, false, NULL, 0, config_set_log, config_print_log},
    {"processes", "{ NAME VALUE ... }", "see each", "processes { front 2 store 2 }",
     "How many processes of a kind run.", 0, 0, false, SETTINGS(PROCESSES), config_set_processes,
     config_print_processes},
    {"cache", "SIZE", "64MiB", "cache 256MiB",
     "Memory for the listings that each store process keeps between sessions.", 1, 1, false, NULL,
     0, config_set_cache, config_print_cache},
    {"expire", "never|DAYS", "never", "expire 30",
     "What CAPA says of how long mail is kept; nothing is removed because of it.", 1, 1, false,
     NULL, 0, config_set_expire, config_print_expire},
    {"login-delay", "none|TIME", "none", "login-delay 60s",
     "What CAPA says of how long a client should wait between logins, in whole seconds; nobody is "
     "refused because of it.",
     1, 1, false, NULL, 0, config_set_login_delay, config_print_login_delay},
};

const size_t CONFIG_DIRECTIVE_COUNT = sizeof CONFIG_DIRECTIVES / sizeof *CONFIG_DIRECTIVES;
_Static_assert(sizeof CONFIG_DIRECTIVES / sizeof *CONFIG_DIRECTIVES <= CONFIG_DIRECTIVES_MAX,
               "config_reader remembers where each directive stood");

const struct config_directive *config_directive_find(struct slice name)
{
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++) {
        if (slice_equal(name, slice_str(CONFIG_DIRECTIVES[i].name)))
            return &CONFIG_DIRECTIVES[i];
    }
    return NULL;
}
