/* poplin init ADDRESS: finds the server, tries the login, writes the account down. */
#include "cli/poplin_init.h"

#include "cli/poplin.h"
#include "client/account_edit.h"
#include "client/account_terminal.h"
#include "client/folder.h"
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char HELP[] =
    "Usage: poplin init ADDRESS [OPTION…]\n"
    "Finds the POP3 server of a mail address, tries the login and adds the account to the\n"
    "configuration; what stands there already stays.\n"
    "\n"
    "      --name NAME             of the account (default: the address's domain)\n"
    "      --server URL            pop3s://HOST[:PORT] or pop3://…, instead of looking for it\n"
    "      --user USER             to log in with (default: the address)\n"
    "      --passwordeval COMMAND  prints the password\n"
    "      --password-file FILE    has it in its first line\n"
    "      --tokeneval COMMAND     prints an OAuth access token\n"
    "      --tls-fingerprint FP    sha256:HEX of a certificate to believe\n"
    "      --maildir DIR           where the mail goes (default: ~/Mail/NAME)\n"
    "      --no-test               writes it down without a login\n"
    "  -h, --help                  this text\n"
    "\n"
    "Exit codes: 0; 64 wrong usage; 69 no server; 73 the file cannot be written; 75 busy, lost or\n"
    "too slow; 77 login refused; 78 wrong configuration.\n";

static int refuse(int code, const char *text)
{
    fprintf(stderr, "poplin: %s\n", text);
    return code;
}

/* ---- options ---- */

enum {
    O_NAME = 1000,
    O_SERVER,
    O_USER,
    O_EVAL,
    O_FILE,
    O_TOKEN,
    O_FINGERPRINT,
    O_MAILDIR,
    O_NO_TEST
};

static const struct option options[] = {
    {"name", required_argument, NULL, O_NAME},
    {"server", required_argument, NULL, O_SERVER},
    {"user", required_argument, NULL, O_USER},
    {"passwordeval", required_argument, NULL, O_EVAL},
    {"password-file", required_argument, NULL, O_FILE},
    {"tokeneval", required_argument, NULL, O_TOKEN},
    {"tls-fingerprint", required_argument, NULL, O_FINGERPRINT},
    {"maildir", required_argument, NULL, O_MAILDIR},
    {"no-test", no_argument, NULL, O_NO_TEST},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void set(char **slot, const char *text)
{
    free(*slot);
    *slot = strdup(text);
}

/* A file named on the command line is relative to here; in the configuration it must not be. */
static void set_path(char **slot, const char *path)
{
    char *whole = path[0] == '/' ? strdup(path) : NULL;
    char *here = whole == NULL ? getcwd(NULL, 0) : NULL;
    if (here != NULL && asprintf(&whole, "%s/%s", here, path) < 0)
        whole = NULL;
    free(here);
    free(*slot);
    *slot = whole;
}

static bool set_fingerprint(struct account *a, const char *text)
{
    struct account_set one;
    static struct config_errors errors;
    char config[300];
    (void)snprintf(config, sizeof config,
                   "config 1\naccount a { server pop3s://h user u\ntls-fingerprint %s\n}\n", text);
    if (account_set_parse("--tls-fingerprint", slice_str(config), &one, &errors) != STATUS_OK) {
        fprintf(stderr, "poplin: --tls-fingerprint: %s\n", errors.list[0].text);
        return false;
    }
    a->has_fingerprint = true;
    memcpy(a->fingerprint, one.list[0].fingerprint, sizeof a->fingerprint);
    account_set_wipe(&one);
    return true;
}

static bool take_option(struct init *i, int letter)
{
    struct account *a = &i->account;
    if (letter == O_EVAL || letter == O_FILE)
        a->secret = letter == O_EVAL ? ACCOUNT_SECRET_EVAL : ACCOUNT_SECRET_FILE;
    switch (letter) {
    case O_NAME:
        set(&a->name, optarg);
        return true;
    case O_SERVER:
        i->server = optarg;
        return true;
    case O_USER:
        set(&a->user, optarg);
        return true;
    case O_EVAL:
        set(&a->secret_text, optarg);
        return true;
    case O_FILE:
        set_path(&a->secret_text, optarg);
        return true;
    case O_TOKEN:
        set(&a->token_eval, optarg);
        return true;
    case O_FINGERPRINT:
        return set_fingerprint(a, optarg);
    case O_MAILDIR:
        i->maildir = optarg;
        return true;
    case O_NO_TEST:
        i->without_test = true;
        return true;
    default:
        return false;
    }
}

/* The part behind the last @, which goes to the resolver: a name of letters, digits and hyphens. */
static bool take_address(struct init *i, const char *address)
{
    const char *at = strrchr(address, '@');
    if (at == NULL || at == address || at[1] == '\0' || at[1] == '.' || at[1] == '-' ||
        strlen(address) > LIMIT_USER_NAME)
        return false;
    for (const char *p = address; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c <= 0x20 || c == 0x7f || (p > at && !is_plain && c != '-' && c != '.'))
            return false;
    }
    i->address = address;
    i->domain = at + 1;
    i->preset = account_preset_find(slice_str(i->domain));
    return true;
}

static bool fill_in(struct init *i)
{
    struct account *a = &i->account;
    if (a->name == NULL)
        set(&a->name, i->domain);
    if (a->user == NULL)
        set(&a->user, i->address);
    a->target = ACCOUNT_TARGET_MAILDIR;
    if (i->maildir != NULL && i->maildir[0] != '~')
        set_path(&a->arguments[0], i->maildir);
    else if (i->maildir != NULL)
        set(&a->arguments[0], i->maildir);
    else if (asprintf(&a->arguments[0], "~/Mail/%s", a->name != NULL ? a->name : "") < 0)
        a->arguments[0] = NULL;
    return a->name != NULL && a->user != NULL && a->arguments[0] != NULL;
}

/* -1: go on; else an exit code. */
static int read_options(struct init *i, int argc, char **argv)
{
    int letter;
    optind = 0;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'h') {
            fputs(HELP, stdout);
            return EX_OK;
        }
        if (!take_option(i, letter))
            return EX_USAGE;
    }
    if (argc - optind != 1) {
        fputs(HELP, stderr);
        return EX_USAGE;
    }
    if (!take_address(i, argv[optind]))
        return refuse(EX_USAGE, "that is no mail address such as ann@example.org");
    return fill_in(i) ? -1 : EX_OSERR;
}

/* ---- the login ---- */

static int get_secret(struct init *i)
{
    char why[200];
    bool wants_token = i->preset != NULL && i->preset->need == ACCOUNT_NEED_OAUTH;
    if (wants_token && i->account.token_eval == NULL)
        return refuse(EX_CONFIG, "this provider takes tokens only; say --tokeneval COMMAND");
    enum status s = i->account.token_eval != NULL
                        ? account_token(&i->account, i->token, sizeof i->token, why)
                        : account_password(&i->account, i->password, sizeof i->password, why);
    return s == STATUS_OK ? EX_OK : refuse(EX_CONFIG, why);
}

static enum status try_login(struct init *i)
{
    struct account_probe_options o = {.account = &i->account, .login = true};
    o.password = slice_str(i->password);
    o.token = slice_str(i->token);
    printf("Logging in as %s at %s … ", i->account.user, i->account.host);
    fflush(stdout);
    enum status s = account_probe_run(&o, &i->probe);
    puts(s == STATUS_OK && i->probe.failure.kind == FAILURE_NONE ? "yes" : "no");
    return s;
}

/* Many servers know their users by the part before the @. */
static enum status try_local_part(struct init *i)
{
    size_t size = strcspn(i->address, "@");
    if (i->preset != NULL || strcmp(i->account.user, i->address) != 0)
        return STATUS_OK;
    char *local = strndup(i->address, size);
    if (local == NULL)
        return STATUS_NO_MEMORY;
    free(i->account.user);
    i->account.user = local;
    return try_login(i);
}

static int log_in(struct init *i)
{
    enum status s = try_login(i);
    if (s == STATUS_OK && i->probe.failure.kind == FAILURE_LOGIN)
        s = try_local_part(i);
    if (s != STATUS_OK)
        return refuse(EX_OSERR, status_text(s));
    if (i->probe.failure.kind == FAILURE_NONE) {
        printf("%u message%s there.\n", i->probe.count, i->probe.count == 1 ? "" : "s");
        return EX_OK;
    }
    int code = poplin_tell(&i->probe.failure, false);
    if (i->probe.failure.kind == FAILURE_LOGIN && i->preset != NULL)
        fprintf(stderr, "%s: %s\n", i->preset->provider, i->preset->advice);
    return code;
}

/* ---- writing ---- */

/* A new file beside the configuration, or none: an old one may be another account's. */
static bool write_password(const char *path, const char *password)
{
    char folder[LIMIT_PATH];
    (void)snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (folder_make(folder) != STATUS_OK)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = dprintf(fd, "%s\n", password) > 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(path);
    return ok;
}

/* Only a password that was typed, and only if the person wants it kept. */
static void keep_password(struct init *i, const char *config)
{
    char path[LIMIT_PATH], question[LIMIT_PATH + 100];
    const char *slash = strrchr(config, '/');
    if (i->account.secret != ACCOUNT_SECRET_ASK || i->password[0] == '\0' || config[0] != '/' ||
        slash == NULL)
        return;
    int n = snprintf(path, sizeof path, "%.*s/%s.password", (int)(slash - config), config,
                     i->account.name);
    if (n < 0 || (size_t)n >= sizeof path)
        return;
    (void)snprintf(question, sizeof question,
                   "Keep the password in %s, which only you can read? Else it is asked for each "
                   "time. [y/N] ",
                   path);
    if (!account_terminal_confirm(question))
        return;
    if (!write_password(path, i->password)) {
        fprintf(stderr, "poplin: %s: %s; the password will be asked for\n", path,
                strerrordesc_np(errno));
        return;
    }
    i->account.secret = ACCOUNT_SECRET_FILE;
    set(&i->account.secret_text, path);
}

static int write_down(struct init *i, const char *config)
{
    static struct config_errors errors;
    keep_password(i, config);
    enum status s = account_edit_add(config, &i->account, &errors);
    if (s == STATUS_OK) {
        printf("Account %s was added to %s. Mail goes to %s.\nFetch it with: poplin fetch\n",
               i->account.name, config, i->account.arguments[0]);
        return EX_OK;
    }
    char *text = config_errors_print(&errors);
    fputs(text != NULL ? text : "no memory\n", stderr);
    free(text);
    return s == STATUS_IO ? EX_CANTCREAT : EX_CONFIG;
}

/* Before anything is asked: the file must take the account in the end. */
static int check_config(const struct init *i, const char *config)
{
    static struct config_errors errors;
    struct account_set set_of_file;
    enum status s = account_set_read(config, &set_of_file, &errors);
    bool is_taken = account_find(&set_of_file, i->account.name) != NULL;
    account_set_wipe(&set_of_file);
    if (is_taken)
        return refuse(EX_CONFIG, "there is an account of that name already; say --name NAME");
    if (s == STATUS_OK || s == STATUS_NOT_FOUND)
        return EX_OK;
    char *text = config_errors_print(&errors);
    fputs(text != NULL ? text : "no memory\n", stderr);
    free(text);
    return EX_CONFIG;
}

static int set_up(struct init *i)
{
    const char *config = poplin_config_path();
    int code = config != NULL ? check_config(i, config) : EX_CONFIG;
    if (code == EX_OK)
        code = poplin_init_server(i);
    if (code == EX_OK && !i->without_test)
        code = get_secret(i);
    if (code == EX_OK && !i->without_test)
        code = log_in(i);
    return code == EX_OK ? write_down(i, config) : code;
}

int poplin_init(int argc, char **argv)
{
    struct init *i = calloc(1, sizeof *i);
    if (i == NULL)
        return EX_OSERR;
    i->account = (struct account){.timeout = 60 * 1000, .pipeline = 64};
    int code = read_options(i, argc, argv);
    if (code < 0) {
        tls_global_init();
        code = set_up(i);
    }
    account_wipe(&i->account);
    explicit_bzero(i, sizeof *i);
    free(i);
    return code;
}
