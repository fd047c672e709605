#include "cli/poplin_doctor.h"

#include "base/escape.h"
#include "cli/poplin_json.h"
#include "cli/poplin_open.h"
#include "tls/tls.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* `poplin doctor`: looks for what is wrong with an account or a server, and says what to do. */

static void usage(void)
{
    puts("Usage: poplin doctor [NAME | URL] [-u USER] [--password-file FILE] [--ca FILE] [-v]\n"
         "                     [--json]\n"
         "Looks at everything between this machine and the mailbox: names, connections, TLS, "
         "clock,\n"
         "capabilities, login, whether message ids stay the same, pipelining, and the place where\n"
         "mail is put. NAME is an account; a URL (pop3s://user@host) a server that is none yet;\n"
         "neither: every account. Nothing is fetched and nothing deleted.\n"
         "\n"
         "  -u, --user USER            of the URL\n"
         "      --password-file FILE   its first line; without one a URL's password is asked for\n"
         "      --ca FILE              believe these authorities\n"
         "  -v, --verbose              the dialogue, secrets masked\n"
         "      --json                 one object a line\n"
         "\n"
         "Exit codes: 0 nothing is bad; 1 something is; 64 usage; 78 configuration.");
}

/* ---- findings ---- */

static const char *const verdicts[] = {
    [DOCTOR_OK] = "ok",
    [DOCTOR_WARN] = "warn",
    [DOCTOR_BAD] = "bad",
};

static void say_json(const struct doctor *d, enum doctor_verdict verdict, const char *what,
                     const char *next, struct slice text)
{
    struct json_line j;
    json_begin(&j);
    json_text(&j, "account", slice_str(d->account->name ? d->account->name : d->account->host));
    json_text(&j, "check", slice_str(what));
    json_text(&j, "result", slice_str(verdicts[verdict]));
    json_text(&j, "text", text);
    if (next)
        json_text(&j, "next", slice_str(next));
    json_end(&j);
}

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *next,
                const char *format, ...)
{
    char text[JSON_TEXT], memory[JSON_TEXT * 4 + 8];
    struct buf b = buf_over(memory, sizeof memory);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->warnings += verdict == DOCTOR_WARN;
    d->faults += verdict == DOCTOR_BAD;
    if (d->json) {
        say_json(d, verdict, what, next, slice_str(text));
        return;
    }
    escape_plain(&b, slice_str(text), JSON_TEXT);
    printf("%-4s  %-12s  %.*s\n", verdicts[verdict], what, (int)b.size, b.data);
    if (next)
        printf("                    -> %s\n", next);
}

/* ---- accounts ---- */

static void get_secret(struct doctor *d)
{
    char why[200] = "";
    const struct account *a = d->account;
    if (d->password[0]) {
        d->has_secret = true;
        return;
    }
    enum status s = a->token_eval ? account_token(a, d->token, sizeof d->token, why)
                                  : account_password(a, d->password, sizeof d->password, why);
    d->has_secret = s == STATUS_OK;
    if (s != STATUS_OK && d->is_named)
        doctor_say(d, DOCTOR_BAD, "secret", "mend the account's password, passwordeval or tokeneval", "%s",
                   why);
    else if (s != STATUS_OK)
        doctor_say(d, DOCTOR_WARN, "secret", "give --password-file FILE to have the rest checked",
                   "%s", why);
}

static unsigned examine(struct doctor *d)
{
    if (!d->json)
        printf("%s: %s, port %u\n", d->account->name ? d->account->name : "server",
               d->account->host, d->account->port);
    get_secret(d);
    if (doctor_network(d))
        doctor_sessions(d);
    if (d->is_named)
        doctor_local(d);
    explicit_bzero(d->password, sizeof d->password);
    explicit_bzero(d->token, sizeof d->token);
    if (!d->json)
        printf("%u bad, %u to be looked at\n", d->faults, d->warnings);
    return d->faults;
}

struct arguments {
    const char *target, *user, *password_file, *ca;
    bool json, verbose;
};

static void replace(char **at, const char *text)
{
    if (!text)
        return;
    free(*at);
    *at = strdup(text);
}

static bool read_first_line(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(out, (int)size, f);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    else
        fprintf(stderr, "poplin: cannot read a password from %s\n", path);
    if (f)
        fclose(f);
    return ok;
}

static int examine_url(const struct arguments *a, struct doctor *d)
{
    struct account account = {0};
    char why[200];
    if (account_from_url(a->target, &account, why) != STATUS_OK) {
        fprintf(stderr, "poplin: %s\n", why);
        return EX_USAGE;
    }
    replace(&account.user, a->user);
    replace(&account.ca_file, a->ca);
    int code = EX_NOINPUT;
    d->account = &account;
    if (!a->password_file || read_first_line(a->password_file, d->password, sizeof d->password))
        code = examine(d) > 0 ? 1 : EX_OK;
    account_wipe(&account);
    return code;
}

static int examine_accounts(const struct arguments *a, struct doctor *d)
{
    struct account_set set = {0};
    unsigned faults = 0;
    int code = poplin_open_accounts(&set, a->target);
    if (code != EX_OK)
        return code;
    for (size_t i = 0; i < set.count; i++) {
        if (a->target && strcmp(a->target, set.list[i].name) != 0)
            continue;
        if (i > 0 && !a->target && !d->json)
            putchar('\n');
        *d = (struct doctor){
            .account = &set.list[i], .is_named = true, .json = a->json, .verbose = a->verbose};
        faults += examine(d);
    }
    account_set_wipe(&set);
    return faults > 0 ? 1 : EX_OK;
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"user", required_argument, NULL, 'u'},
        {"password-file", required_argument, NULL, 'p'},
        {"ca", required_argument, NULL, 'C'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "u:vh", options, NULL)) != -1) {
        if (o == 'u') {
            a->user = optarg;
        } else if (o == 'p') {
            a->password_file = optarg;
        } else if (o == 'C') {
            a->ca = optarg;
        } else if (o == 'v') {
            a->verbose = true;
        } else if (o == 'j') {
            a->json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else {
            return EX_USAGE;
        }
    }
    a->target = argv[optind];
    bool is_url = a->target && strstr(a->target, "://");
    if (argc - optind <= 1 && (is_url || (!a->user && !a->password_file && !a->ca)))
        return EX_OK;
    fputs("poplin: one account or one URL; --user, --password-file and --ca are a URL's. Try "
          "`poplin doctor --help`.\n",
          stderr);
    return EX_USAGE;
}

int poplin_doctor(int argc, char **argv)
{
    struct arguments a = {0};
    struct doctor *d = calloc(1, sizeof *d);
    int code = d ? parse(&a, argc, argv) : EX_OSERR;
    if (code == EX_OK) {
        tls_global_init();
        setvbuf(stdout, NULL, _IOLBF, 0);
        d->json = a.json;
        d->verbose = a.verbose;
        code = a.target && strstr(a.target, "://") ? examine_url(&a, d) : examine_accounts(&a, d);
    }
    free(d);
    return code < 0 ? EX_OK : code;
}
