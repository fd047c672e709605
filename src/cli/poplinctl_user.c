#include "auth/auth_driver.h"
#include "auth/auth_users_file.h"
#include "base/buf.h"
#include "base/escape.h"
#include "cli/poplinctl.h"
#include "config/config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

struct request {
    const char *config, *file, *scheme;
    bool json;
    char **names;
    int name_count;
    char path[LIMIT_PATH]; /* of the user file */
};

static void usage(FILE *out)
{
    fputs("usage: poplinctl user add    [-s SCHEME] [-c CONFIG | -f FILE] NAME …\n"
          "       poplinctl user passwd [-s SCHEME] [-c CONFIG | -f FILE] NAME …\n"
          "       poplinctl user del    [-c CONFIG | -f FILE] NAME …\n"
          "       poplinctl user list   [-c CONFIG | -f FILE] [--json]\n\n"
          "Edits the user file FILE, or the one that CONFIG names (" POPLIN_CONF ").\n"
          "Passwords are asked for on the terminal, or else are lines of standard input, one for\n"
          "each NAME. poplinctl pw --help lists the schemes.\n",
          out);
}

/* The path of the user file that the configuration names. */
static enum status ask_config(struct request *r)
{
    static struct config_errors errors;
    struct config *c = NULL;
    const char *file = r->config ? r->config : POPLIN_CONF;
    enum status status = config_parse(file, &config_source_files, &c, &errors);
    if (status != STATUS_OK) {
        char *text = config_errors_print(&errors);
        if (text)
            fputs(text, stderr);
        free(text);
        poplinctl_complain("-f FILE names the user file without a configuration");
        return STATUS_PERMANENT;
    }
    int n = snprintf(r->path, sizeof r->path, "%s", c->users_file ? c->users_file : "");
    config_unref(c);
    if (n > 0 && n < LIMIT_PATH)
        return STATUS_OK;
    poplinctl_complain("the configuration names no user file");
    return STATUS_PERMANENT;
}

static enum status find_file(struct request *r)
{
    if (!r->file)
        return ask_config(r);
    if (snprintf(r->path, sizeof r->path, "%s", r->file) < LIMIT_PATH)
        return STATUS_OK;
    poplinctl_complain("the path of the user file is too long");
    return STATUS_TOO_LARGE;
}

static void complain_of(struct slice name, const char *what)
{
    char memory[LIMIT_USER_NAME * 4 + 8];
    struct buf b = buf_over(memory, sizeof memory - 1);
    escape_logfmt(&b, name, LIMIT_USER_NAME);
    memory[b.size] = '\0';
    poplinctl_complain("%s: %s", memory, what);
}

static enum status check_names(const struct request *r)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < r->name_count; i++) {
        struct slice name = slice_str(r->names[i]);
        if (auth_users_name_is_good(name))
            continue;
        complain_of(name, "not a user name (1 to 254 octets without `/`, `:`, blanks and control "
                          "characters, no `#` in front, no part that is empty or starts with a "
                          "dot)");
        status = STATUS_MALFORMED;
    }
    return status;
}

enum edit { EDIT_ADD, EDIT_PASSWD, EDIT_DEL };

static enum status apply(struct auth_users_file *f, enum edit edit, struct slice name,
                         struct slice secret)
{
    enum status status = edit == EDIT_ADD      ? auth_users_add(f, name, secret)
                         : edit == EDIT_PASSWD ? auth_users_set_secret(f, name, secret)
                                               : auth_users_remove(f, name);
    if (status == STATUS_EXISTS)
        complain_of(name, "is in the file already; `poplinctl user passwd` changes the password");
    else if (status == STATUS_NOT_FOUND)
        complain_of(name, "is not in the file");
    else if (status != STATUS_OK)
        complain_of(name, status_text(status));
    return status;
}

/* All the secrets before the lock: nobody holds a lock while somebody thinks of a password. All the
 * edits in one file, or none. */
static enum status edit_file(const struct request *r, enum edit edit,
                             char (*secrets)[AUTH_HASH_SECRET_MAX])
{
    struct auth_users_file *f;
    char why[200];
    enum status status =
        auth_users_open(r->path, edit == EDIT_ADD ? AUTH_USERS_CREATE : AUTH_USERS_EDIT, &f, why);
    if (status != STATUS_OK) {
        poplinctl_complain("%s", why);
        return status;
    }
    for (int i = 0; status == STATUS_OK && i < r->name_count; i++)
        status = apply(f, edit, slice_str(r->names[i]), slice_str(secrets ? secrets[i] : ""));
    if (status == STATUS_OK) {
        status = auth_users_save(f, why);
        if (status != STATUS_OK)
            poplinctl_complain("%s: %s; nothing was changed", r->path, why);
    }
    auth_users_close(f);
    return status;
}

static enum status edit_users(const struct request *r, enum edit edit)
{
    char(*secrets)[AUTH_HASH_SECRET_MAX] = NULL;
    enum status status = check_names(r);
    if (status == STATUS_OK && edit != EDIT_DEL) {
        secrets = calloc((size_t)r->name_count, sizeof *secrets);
        status = secrets ? STATUS_OK : STATUS_NO_MEMORY;
        for (int i = 0; status == STATUS_OK && i < r->name_count; i++)
            status = poplinctl_secret_make(r->scheme, slice_str(r->names[i]), secrets[i]);
    }
    if (status == STATUS_OK)
        status = edit_file(r, edit, secrets);
    if (secrets)
        explicit_bzero(secrets, (size_t)r->name_count * sizeof *secrets);
    free(secrets);
    return status;
}

static enum status add(struct request *r)
{
    return edit_users(r, EDIT_ADD);
}

static enum status passwd(struct request *r)
{
    return edit_users(r, EDIT_PASSWD);
}

static enum status del(struct request *r)
{
    return edit_users(r, EDIT_DEL);
}

static void print_user(const struct request *r, const struct auth_record *u, bool is_first)
{
    static char memory[2 * LIMIT_PATH * 6];
    struct buf b = buf_over(memory, sizeof memory);
    if (r->json) {
        buf_put_str(&b, is_first ? "\n  {\"user\": " : ",\n  {\"user\": ");
        escape_json(&b, u->name, LIMIT_USER_NAME);
        buf_put_str(&b, u->hash.kind == AUTH_HASH_LOCKED ? ", \"locked\": true" : "");
        if (u->uid != UINT32_MAX)
            buf_printf(&b, ", \"uid\": %u", u->uid);
        if (u->gid != UINT32_MAX)
            buf_printf(&b, ", \"gid\": %u", u->gid);
        if (u->home.size > 0) {
            buf_put_str(&b, ", \"home\": ");
            escape_json(&b, u->home, LIMIT_PATH);
        }
        buf_put_char(&b, '}');
    } else {
        escape_plain(&b, u->name, LIMIT_USER_NAME);
        buf_put_char(&b, '\n');
    }
    fwrite(b.data, 1, b.size, stdout);
}

static enum status list(struct request *r)
{
    struct auth_users_file *f;
    struct auth_driver *d;
    struct auth_record user;
    char why[200];
    enum status status = auth_users_open(r->path, AUTH_USERS_READ, &f, why);
    if (status != STATUS_OK) {
        poplinctl_complain("%s", why);
        return status;
    }
    status = auth_passwd_file_new(auth_users_text(f), &d, why);
    auth_users_close(f);
    if (status != STATUS_OK) {
        poplinctl_complain("%s: %s", r->path, why);
        return status;
    }
    fputs(r->json ? "[" : "", stdout);
    for (size_t i = 0; auth_passwd_file_at(d, i, &user); i++)
        print_user(r, &user, i == 0);
    fputs(r->json ? "\n]\n" : "", stdout);
    d->class->free(d);
    return fflush(stdout) == 0 ? STATUS_OK : STATUS_IO;
}

static const struct action {
    const char *name;
    bool takes_names;
    enum status (*run)(struct request *r);
} actions[] = {
    {"add", true, add}, {"passwd", true, passwd}, {"del", true, del}, {"list", false, list}};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; name && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(name, actions[i].name) == 0)
            return &actions[i];
    return NULL;
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(int argc, char **argv, struct request *r)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"file", required_argument, NULL, 'f'},
        {"scheme", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    for (int c; (c = getopt_long(argc, argv, "c:f:s:h", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            r->config = optarg;
            break;
        case 'f':
            r->file = optarg;
            break;
        case 's':
            r->scheme = optarg;
            break;
        case 'j':
            r->json = true;
            break;
        case 'h':
            usage(stdout);
            return -1;
        default:
            return EX_USAGE;
        }
    }
    return EX_OK;
}

int poplinctl_user(int argc, char **argv)
{
    struct request r = {.scheme = auth_hash_scheme(0)};
    int code = parse(argc, argv, &r);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    const struct action *action = find_action(argv[optind]);
    r.names = argv + optind + (action ? 1 : 0);
    r.name_count = argc - optind - (action ? 1 : 0);
    if (!action || (r.config && r.file) || action->takes_names != (r.name_count > 0)) {
        usage(stderr);
        return EX_USAGE;
    }
    if (!auth_hash_can_make(r.scheme)) {
        poplinctl_complain("no such scheme; poplinctl pw --help lists them");
        return EX_USAGE;
    }
    enum status status = find_file(&r);
    if (status == STATUS_OK)
        status = action->run(&r);
    return status_exit_code(status);
}
