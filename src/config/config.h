/* config: the configuration file as one value, checked whole.
 *
 * Line-oriented: `directive argument… [{ block }]`, `#` comments, double quotes for blanks, units
 * (`10m`, `25MB`), `include FILE`. The first line is `config 1`. The table of directives in
 * config_directive.c is the one source for the parser, the defaults, `poplind -T`,
 * `poplinctl config diff` and the manual page; poplind.conf(5) explains each.
 *
 * A value is read-only once parsed, shared by reference count, and the same text gives the same
 * value: processes are told of a new configuration by its printed text (config_print), which they
 * parse again. */
#ifndef POPLIN_CONFIG_CONFIG_H
#define POPLIN_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/status.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum {
    CONFIG_LISTENERS_MAX = 64,
    CONFIG_CERTIFICATES_MAX = 256,
    CONFIG_ERRORS_MAX = 100, /* errors kept for one report; more are counted */
    CONFIG_ERROR_FILE = 200, /* octets of a file's name in a report; longer ones lose their head */
};

struct config_listener {
    struct sockaddr_storage address;
    socklen_t address_size;
    bool implicit_tls;      /* pop3s */
    bool starttls_required; /* pop3: credentials only after STLS */
};

struct config_certificate {
    char *certificate; /* paths of PEM files; chain and key may be one file */
    char *key;
};

/* In the order in which AUTH offers them. */
enum config_mechanism {
    CONFIG_MECHANISM_SCRAM_SHA_512,
    CONFIG_MECHANISM_SCRAM_SHA_256,
    CONFIG_MECHANISM_SCRAM_SHA_1,
    CONFIG_MECHANISM_PLAIN,
    CONFIG_MECHANISM_LOGIN,
    CONFIG_MECHANISM_COUNT
};

enum config_lock { CONFIG_LOCK_EXCLUSIVE, CONFIG_LOCK_SNAPSHOT, CONFIG_LOCK_TAKEOVER };
enum config_log_format { CONFIG_LOG_LOGFMT, CONFIG_LOG_JSON };
enum config_log_target { CONFIG_LOG_STDERR, CONFIG_LOG_SYSLOG };

/* Times are milliseconds, sizes octets, 0 in a number of processes means one for each core. */
struct config {
    char *hostname; /* default: the system's */
    struct config_listener *listeners;
    size_t listener_count;

    bool tls_auto;
    struct config_certificate *certificates; /* the first one answers unknown names */
    size_t certificate_count;

    char *users_file;
    char *store_driver;    /* "maildir" or "memory" */
    char *store_path;      /* with %u %n %d %h %%; "/%u" for memory */
    char *index_directory; /* NULL: the index lies in the Maildir */

    char *user;      /* of front and auth when started as root */
    char *mail_user; /* of store; NULL: the owner of the fixed part of store_path */

    struct {
        uint32_t sessions, per_address, per_user;
        uint32_t unauthenticated, unauthenticated_per_address;
        uint32_t bad_commands_before_login, bad_commands_after_login;
        uint64_t idle, login, handshake, drain;
        uint64_t auth_fail_delay;
    } limits;

    enum config_lock lock;
    uint64_t lock_wait;
    uint64_t lock_takeover;

    bool uidl_keep;
    enum config_log_format log_format;
    enum config_log_target log_target;
    uint32_t fronts, stores;          /* processes { front N store N } */
    uint64_t cache_octets;            /* of listings kept between sessions, for each store */
    uint32_t mechanisms;              /* bits 1 << enum config_mechanism */
    int32_t expire_days, login_delay; /* what CAPA says; -1: NEVER, left out */
};

struct config_error {
    char file[CONFIG_ERROR_FILE];
    uint32_t line, column; /* from 1 */
    char text[200];        /* cause and next step, "did you mean" included */
};
struct config_errors {
    struct config_error list[CONFIG_ERRORS_MAX];
    size_t count; /* all that there were, those beyond the list too */
};

/* Reads a file for `include`, whole, into malloc'd memory: the caller's, so that the parser itself
 * does no I/O. A relative path is relative to the including file. */
struct config_source {
    void *context;
    enum status (*read)(void *context, const char *path, char **text, size_t *size);
};
extern const struct config_source config_source_files; /* from the file system */
extern const struct config_source config_source_none;  /* refuses: for printed text */

/* Parses, fills in defaults and checks everything; MALFORMED with every error in *errors (heap
 * memory of the caller, about 40 KiB). A `file` that cannot be read at all is one error and that
 * failure's status. On OK *out is the caller's reference; else it is NULL. */
enum status config_parse(const char *file, const struct config_source *source, struct config **out,
                         struct config_errors *errors);
/* The same from text; `file` is for the messages. */
enum status config_parse_text(const char *file, struct slice text,
                              const struct config_source *source, struct config **out,
                              struct config_errors *errors);

const struct config *config_ref(const struct config *c);
void config_unref(const struct config *c);

/* The effective configuration as text that parses back to the same value; `only_changed` leaves
 * out what equals its default (poplinctl config diff). malloc'd, NUL-ended; NULL: no memory. */
char *config_print(const struct config *c, bool only_changed);

/* file:line:column: text, one a line, and "and N more" at the end. malloc'd; NULL: no memory. */
char *config_errors_print(const struct config_errors *e);

/* The maildrop of a user: %u whole name, %n before the @, %d after it, %h `home`. MALFORMED when
 * the name could leave its directory (see config_user_is_safe), or %d or %h is asked for and empty
 * (%h too when it is not absolute or has a ".."); TOO_LARGE when it does not fit. */
enum status config_store_path(const char *pattern, struct slice user, struct slice home,
                              char path[LIMIT_PATH]);
/* 1 to LIMIT_USER_NAME octets, no '/', NUL, control, invisible letter or blank, no part (before and
 * after '@') that is empty or starts with a dot, valid UTF-8 where it is not ASCII. */
bool config_user_is_safe(struct slice user);
/* The directory part of the pattern before the first '%', without a slash at its end ("/" when
 * there is none): what confinement and ownership go by. */
void config_store_root(const char *pattern, char root[LIMIT_PATH]);

#endif
