/* poplin account list|test|info|remove: the accounts of the configuration. */
#include "cli/poplin.h"

#include "base/escape.h"
#include "client/account_edit.h"
#include "client/account_print.h"
#include "client/account_probe.h"
#include "tls/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char HELP[] =
    "Usage: poplin account list [--json]\n"
    "       poplin account test NAME\n"
    "       poplin account info NAME\n"
    "       poplin account remove NAME\n"
    "\n"
    "  list    the accounts, one a line: name, server, user, where the mail goes\n"
    "  test    logs in and out again, and says whether that worked\n"
    "  info    what the server is and can do, without logging in\n"
    "  remove  takes the account out of the configuration; mail and state stay\n"
    "\n"
    "Exit codes: 0; 66 no such account or file; 69 unreachable or no TLS; 75 busy, lost or too\n"
    "slow; 76 not POP3; 77 login refused; 78 wrong configuration.\n";

static const char *target_word(enum account_target target)
{
    static const char *const words[] = {"-", "maildir", "mbox", "pipe", "lmtp", "stdout"};
    return words[target];
}

/* Reads all accounts; on failure tells why and gives the exit code, else 0. */
static int read_set(struct account_set *set)
{
    static struct config_errors errors;
    const char *path = poplin_config_path();
    *set = (struct account_set){NULL, 0};
    if (path == NULL)
        return EX_CONFIG;
    enum status s = account_set_read(path, set, &errors);
    if (s == STATUS_OK)
        return EX_OK;
    char *text = config_errors_print(&errors);
    fputs(text != NULL ? text : "no memory\n", stderr);
    free(text);
    return s == STATUS_NOT_FOUND ? EX_NOINPUT : s == STATUS_IO ? EX_IOERR : EX_CONFIG;
}

/* ---- list ---- */

static void put_json(const char *key, const char *value)
{
    char memory[2 * LIMIT_PATH];
    struct buf b = buf_over(memory, sizeof memory);
    if (value == NULL)
        return;
    (void)escape_json(&b, slice_str(value), LIMIT_PATH);
    printf(",\"%s\":%.*s", key, SLICE_ARGS(buf_slice(&b)));
}

static void list_json(const struct account *a)
{
    printf("{\"account\":\"%s\",\"server\":\"", a->name);
    account_print_server(a, stdout);
    putchar('"');
    put_json("user", a->user);
    put_json("deliver", a->target == ACCOUNT_TARGET_NONE ? NULL : target_word(a->target));
    put_json("target", a->arguments[0]);
    puts("}");
}

static void list_plain(const struct account *a)
{
    char user[600], target[LIMIT_PATH];
    failure_printable(slice_str(a->user), user, sizeof user);
    failure_printable(slice_str(a->arguments[0] != NULL ? a->arguments[0] : ""), target,
                      sizeof target);
    printf("%-12s  ", a->name);
    account_print_server(a, stdout);
    printf("  %s  %s%s%s\n", user, target_word(a->target), target[0] != '\0' ? " " : "", target);
}

static int list(bool json)
{
    struct account_set set;
    int code = read_set(&set);
    if (code != EX_OK)
        return code;
    for (size_t i = 0; i < set.count; i++) {
        if (json)
            list_json(&set.list[i]);
        else
            list_plain(&set.list[i]);
    }
    account_set_wipe(&set);
    return EX_OK;
}

/* ---- test and info ---- */

static struct account_probe probe;

static int cannot(enum status s)
{
    fprintf(stderr, "poplin: %s\n", status_text(s));
    return EX_OSERR;
}

static int tell(const struct account *a)
{
    struct failure failure = {.kind = FAILURE_NONE};
    failure_set(&failure, probe.failure.kind, "%s: %s", a->name, probe.failure.text);
    return poplin_tell(&failure, false);
}

static int test(const struct account *a)
{
    static char password[LIMIT_PASSWORD + 1], token[8192];
    char why[200];
    struct failure failure = {.kind = FAILURE_NONE};
    enum status s = a->token_eval != NULL ? account_token(a, token, sizeof token, why)
                                          : account_password(a, password, sizeof password, why);
    if (s != STATUS_OK) {
        failure_set(&failure, FAILURE_CONFIG, "%s: no %s: %s", a->name,
                    a->token_eval != NULL ? "token" : "password", why);
        return poplin_tell(&failure, false);
    }
    struct account_probe_options options = {.account = a, .login = true};
    options.password = slice_str(password);
    options.token = slice_str(token);
    s = account_probe_run(&options, &probe);
    explicit_bzero(password, sizeof password);
    explicit_bzero(token, sizeof token);
    if (s != STATUS_OK)
        return cannot(s);
    if (probe.failure.kind != FAILURE_NONE)
        return tell(a);
    printf("%s: logged in with %s over %s, %u message%s, %llu octets\n", a->name, probe.mechanism,
           probe.tls_version[0] != '\0' ? probe.tls_version : "a connection in clear", probe.count,
           probe.count == 1 ? "" : "s", (unsigned long long)probe.octets);
    return EX_OK;
}

static void put_fingerprint(void)
{
    fputs("fingerprint   sha256:", stdout);
    for (size_t i = 0; i < sizeof probe.fingerprint; i++)
        printf("%02x", probe.fingerprint[i]);
    putchar('\n');
}

/* What the collector does differently here, and why. */
static void put_quirks(void)
{
    static const struct {
        unsigned bit;
        const char *text;
    } rows[] = {
        {POP3_HAS_UIDL, "no UIDL: messages are told apart by their headers (TOP)"},
        {POP3_HAS_TOP,
         "no TOP: without UIDL messages cannot be told apart before they are fetched"},
        {POP3_HAS_PIPELINING,
         "no PIPELINING: each command waits for its answer, which is slow over "
         "a long way; `pipeline 64 forced` tries it all the same"},
        {POP3_HAS_RESP_CODES, "no RESP-CODES: a mailbox in use looks like a wrong password"},
    };
    const struct pop3_capabilities *c = &probe.capabilities;
    if (!c->is_known) {
        puts("quirk         no CAPA: what it can do is tried out");
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((c->has & rows[i].bit) == 0)
            printf("quirk         %s\n", rows[i].text);
    }
    if (c->has & POP3_HAS_LOGIN_DELAY)
        printf("quirk         LOGIN-DELAY: %u s between logins\n", c->login_delay);
    if ((c->has & POP3_HAS_EXPIRE) && c->expire_days != UINT32_MAX)
        printf("quirk         EXPIRE: the server itself removes mail after %u days\n",
               c->expire_days);
}

static int info(const struct account *a)
{
    struct account_probe_options options = {.account = a, .insecure = true};
    enum status s = account_probe_run(&options, &probe);
    if (s != STATUS_OK)
        return cannot(s);
    if (!probe.is_ready)
        return tell(a);
    fputs("server        ", stdout);
    account_print_server(a, stdout);
    printf("\ngreeting      %s\ntls           %s\n", probe.greeting,
           probe.tls_version[0] != '\0' ? probe.tls_version : "none");
    if (probe.certificate[0] != '\0')
        printf("certificate   %s\n", probe.certificate);
    if (probe.has_fingerprint)
        put_fingerprint();
    if (probe.problem[0] != '\0')
        printf("problem       %s\n", probe.problem);
    printf("connected in  %llu ms\nround trip    %llu ms\n", (unsigned long long)probe.connect_time,
           (unsigned long long)probe.round_trip);
    for (unsigned i = 0; i < probe.row_count; i++)
        printf("capability    %s\n", probe.rows[i]);
    put_quirks();
    return probe.problem[0] != '\0' ? EX_UNAVAILABLE : EX_OK;
}

static int with_account(const char *name, int (*run)(const struct account *a))
{
    struct account_set set;
    int code = read_set(&set);
    if (code != EX_OK)
        return code;
    const struct account *a = account_find(&set, name);
    if (a != NULL) {
        tls_global_init();
        code = run(a);
    } else {
        fprintf(stderr, "poplin: no such account; `poplin account list` names them\n");
        code = EX_NOINPUT;
    }
    account_set_wipe(&set);
    return code;
}

/* ---- remove ---- */

static int remove_account(const char *name)
{
    static struct config_errors errors;
    const char *path = poplin_config_path();
    if (path == NULL)
        return EX_CONFIG;
    enum status s = account_edit_remove(path, name, &errors);
    if (s == STATUS_OK) {
        printf("Removed from %s. The mail that was fetched and what is known of it stay.\n", path);
        return EX_OK;
    }
    char *text = config_errors_print(&errors);
    fputs(text != NULL ? text : "no memory\n", stderr);
    free(text);
    return s == STATUS_NOT_FOUND ? EX_NOINPUT : s == STATUS_IO ? EX_IOERR : EX_CONFIG;
}

int poplin_account(int argc, char **argv)
{
    const char *action = argc > 1 ? argv[1] : "";
    bool json = argc == 3 && strcmp(argv[2], "--json") == 0;
    if (strcmp(action, "--help") == 0 || strcmp(action, "-h") == 0) {
        fputs(HELP, stdout);
        return EX_OK;
    }
    if (strcmp(action, "list") == 0 && (argc == 2 || json))
        return list(json);
    if (argc == 3 && strcmp(action, "test") == 0)
        return with_account(argv[2], test);
    if (argc == 3 && strcmp(action, "info") == 0)
        return with_account(argv[2], info);
    if (argc == 3 && strcmp(action, "remove") == 0)
        return remove_account(argv[2]);
    fputs(HELP, stderr);
    return EX_USAGE;
}
