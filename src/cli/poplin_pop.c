#include "cli/poplin.h"

#include "client/dialogue.h"
#include "client/listing.h"
#include "config/config_unit.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* `poplin pop URL COMMAND`: one command to any server, its answer on standard output; for scripts
 * and for finding faults. */

struct pop {
    struct event_loop *loop;
    struct account account;
    struct tls_context *tls;
    char password[1024], token[8192];
    bool json, verbose;
    enum pop3_verb verb;
    char **arguments;
    int argument_count;
    uint32_t *numbers;
    size_t number_count, asked, answered;
    bool needs_login, has_output;
    bool after_cr;  /* of the body that is printed */
    bool is_faulty; /* a row of the listing made no sense */
    struct failure failure;
};

static void usage(void)
{
    puts("Usage: poplin pop URL COMMAND [ARGUMENT…] [OPTION…]\n"
         "One POP3 command to pop3s://[user@]host[:port] or pop3://…; prints the answer.\n"
         "\n"
         "  stat            count and octets\n"
         "  list [N]        number and octets, a line each     uidl [N]   number and unique-id\n"
         "  retr N          the message                        top N K    its header and K lines\n"
         "  dele N…         deletes (at QUIT)                  noop       nothing\n"
         "  capa            what the server can do             lang [TAG] languages of its texts\n"
         "\n"
         "  -u, --user USER         --password-file FILE   its first line; else asked for\n"
         "      --auth NAME         the one way to log in: PLAIN, SCRAM-SHA-256, USER …\n"
         "      --token-file FILE   an OAuth access token  --authzid NAME   act for another user\n"
         "      --tls none|stls|implicit                   --ca FILE        believe these "
         "authorities\n"
         "      --timeout TIME      of each step (60s)     --json           errors as JSON\n"
         "  -v, --verbose           the dialogue, secrets masked\n"
         "\n"
         "Exit codes: 0; 65 the server said no; 69 unreachable or no TLS; 75 busy, lost or too "
         "slow;\n"
         "76 not POP3; 77 login refused; 78 would send a secret in clear.");
}

static bool read_first_line(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(out, (int)size, f);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    else
        fprintf(stderr, "poplin: cannot read %s\n", path);
    if (f)
        fclose(f);
    return ok;
}

/* ---- the dialogue ---- */

static struct slice argument(const struct pop *p)
{
    return p->argument_count > 0 ? slice_str(p->arguments[0]) : slice_of("", 0);
}

static void send_next(struct pop *p, struct dialogue *d)
{
    enum status s = STATUS_OK;
    while (s == STATUS_OK && p->verb == POP3_VERB_DELE && p->asked < p->number_count) {
        s = dialogue_message(d, POP3_VERB_DELE, p->numbers[p->asked]);
        p->asked += s == STATUS_OK;
    }
    if (p->verb == POP3_VERB_DELE || p->asked > 0)
        return;
    p->asked = 1;
    if (p->verb == POP3_VERB_TOP)
        s = dialogue_top(d, p->numbers[0], p->numbers[1]);
    else if (p->number_count > 0)
        s = dialogue_message(d, p->verb, p->numbers[0]);
    else
        s = dialogue_command(d, p->verb, argument(p));
    if (s != STATUS_OK) {
        struct failure why = {0};
        failure_set(&why, FAILURE_CONFIG, "the command cannot be sent: %s", status_text(s));
        dialogue_abort(d, &why);
    }
}

static void on_ready(void *context, struct dialogue *d)
{
    send_next(context, d);
}

static void on_room(void *context, struct dialogue *d)
{
    struct pop *p = context;
    if (p->asked > 0)
        send_next(p, d);
}

/* As the message was before it was sent: CRLF becomes LF. */
static void print_body(struct pop *p, struct slice data)
{
    while (data.size > 0) {
        size_t n = slice_find(data, '\r');
        if (p->after_cr && data.data[0] != '\n')
            putchar('\r');
        p->after_cr = false;
        fwrite(data.data, 1, n, stdout);
        if (n == data.size)
            return;
        p->after_cr = true;
        data = slice_skip(data, n + 1);
    }
}

static void print_row(struct pop *p, const struct pop3_row *row, enum pop3_verb verb)
{
    if (verb == POP3_VERB_LIST)
        printf("%u %llu\n", row->number, (unsigned long long)row->size);
    else
        printf("%u %.*s\n", row->number, SLICE_ARGS(row->uid));
    p->has_output = true;
}

static void protocol(struct pop *p, struct dialogue *d, const char *what)
{
    struct failure why = {0};
    failure_set(&why, FAILURE_PROTOCOL, "%s: %s", p->account.host, what);
    dialogue_abort(d, &why);
}

static void refused(struct pop *p, const struct pop3_reply *reply)
{
    char doing[400];
    (void)snprintf(doing, sizeof doing, "%s: %s", p->account.host, pop3_command_row(p->verb)->name);
    failure_from_reply(&p->failure, reply, false, doing);
}

static void on_reply(struct pop *p, struct dialogue *d, const struct pop3_client_event *e)
{
    if (e->reply.answer != POP3_OK)
        refused(p, &e->reply);
    else if (e->lines_follow)
        return;
    else if (e->verb == POP3_VERB_STAT && e->fault != POP3_FAULT_NONE)
        protocol(p, d, "the answer to STAT makes no sense");
    else if (e->verb == POP3_VERB_STAT)
        printf("%u %llu\n", e->stat.count, (unsigned long long)e->stat.octets);
    else if ((e->verb == POP3_VERB_LIST || e->verb == POP3_VERB_UIDL) &&
             e->fault != POP3_FAULT_NONE)
        protocol(p, d, "the answer makes no sense");
    else if (e->verb == POP3_VERB_LIST || e->verb == POP3_VERB_UIDL)
        print_row(p, &e->row, e->verb);
    p->answered++;
}

static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    struct pop *p = context;
    switch (e->type) {
    case POP3_CLIENT_REPLY:
        on_reply(p, d, e);
        break;
    case POP3_CLIENT_ROW:
        if (e->verb != POP3_VERB_LIST && e->verb != POP3_VERB_UIDL)
            printf("%.*s\n", SLICE_ARGS(e->line));
        else if (e->fault == POP3_FAULT_NONE)
            print_row(p, &e->row, e->verb);
        else
            p->is_faulty = true;
        break;
    case POP3_CLIENT_DATA:
        print_body(p, e->data);
        break;
    case POP3_CLIENT_END:
        if (p->after_cr)
            putchar('\r');
        p->after_cr = false;
        p->answered++;
        if (p->is_faulty)
            failure_set(&p->failure, FAILURE_PROTOCOL, "%s: rows of the listing make no sense",
                        p->account.host);
        break;
    default:
        break;
    }
    size_t wanted = p->verb == POP3_VERB_DELE ? p->number_count : 1;
    if (p->answered >= wanted || p->failure.kind != FAILURE_NONE)
        dialogue_quit(d);
}

static void on_over(void *context, struct dialogue *d, const struct failure *why)
{
    struct pop *p = context;
    (void)d;
    failure_set(&p->failure, why->kind, "%s", why->text);
    event_stop(p->loop);
}

static void on_trace(void *context, bool from_server, struct slice line)
{
    char text[600];
    (void)context;
    failure_printable(line, text, sizeof text);
    fprintf(stderr, "%s %s\n", from_server ? "<" : ">", text);
}

/* ---- arguments ---- */

static bool parse_tls(struct pop *p, const char *text)
{
    bool none = strcmp(text, "none") == 0, stls = strcmp(text, "stls") == 0;
    if (!none && !stls && strcmp(text, "implicit") != 0) {
        fputs("poplin: --tls is none, stls or implicit\n", stderr);
        return false;
    }
    p->account.plain_allowed = none; /* the word was said */
    p->account.tls = none ? ACCOUNT_TLS_NONE : stls ? ACCOUNT_TLS_STLS : ACCOUNT_TLS_IMPLICIT;
    return true;
}

static void replace(char **at, const char *text)
{
    free(*at);
    *at = strdup(text);
}

enum { O_PASSWORD = 1000, O_AUTH, O_TOKEN, O_AUTHZID, O_TLS, O_CA, O_TIMEOUT, O_JSON };

static const struct option options[] = {
    {"user", required_argument, NULL, 'u'},
    {"password-file", required_argument, NULL, O_PASSWORD},
    {"auth", required_argument, NULL, O_AUTH},
    {"token-file", required_argument, NULL, O_TOKEN},
    {"authzid", required_argument, NULL, O_AUTHZID},
    {"tls", required_argument, NULL, O_TLS},
    {"ca", required_argument, NULL, O_CA},
    {"timeout", required_argument, NULL, O_TIMEOUT},
    {"json", no_argument, NULL, O_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take_option(struct pop *p, int o)
{
    switch (o) {
    case 'u':
        replace(&p->account.user, optarg);
        return true;
    case O_PASSWORD:
        return read_first_line(optarg, p->password, sizeof p->password);
    case O_AUTH:
        replace(&p->account.auth, optarg);
        return true;
    case O_TOKEN:
        return read_first_line(optarg, p->token, sizeof p->token);
    case O_AUTHZID:
        replace(&p->account.authzid, optarg);
        return true;
    case O_TLS:
        return true; /* after the URL is known */
    case O_CA:
        replace(&p->account.ca_file, optarg);
        return true;
    case O_TIMEOUT:
        return config_unit_parse(CONFIG_UNIT_TIME, slice_str(optarg), &p->account.timeout);
    case O_JSON:
        p->json = true;
        return true;
    case 'v':
        p->verbose = true;
        return true;
    default:
        return false;
    }
}

static const struct {
    const char *name;
    enum pop3_verb verb;
    int least, most; /* arguments */
    bool are_numbers, needs_login;
} commands[] = {
    {"stat", POP3_VERB_STAT, 0, 0, false, true}, {"list", POP3_VERB_LIST, 0, 1, true, true},
    {"uidl", POP3_VERB_UIDL, 0, 1, true, true},  {"retr", POP3_VERB_RETR, 1, 1, true, true},
    {"top", POP3_VERB_TOP, 2, 2, true, true},    {"dele", POP3_VERB_DELE, 1, 10000, true, true},
    {"noop", POP3_VERB_NOOP, 0, 0, false, true}, {"rset", POP3_VERB_RSET, 0, 0, false, true},
    {"capa", POP3_VERB_CAPA, 0, 0, false, true}, {"lang", POP3_VERB_LANG, 0, 1, false, true},
};

static bool parse_numbers(struct pop *p)
{
    p->numbers = calloc((size_t)p->argument_count + 1, sizeof *p->numbers);
    for (int i = 0; p->numbers && i < p->argument_count; i++) {
        uint64_t n;
        if (!slice_parse_u64(slice_str(p->arguments[i]), &n) || n > UINT32_MAX ||
            (n == 0 && !(p->verb == POP3_VERB_TOP && i == 1))) {
            fprintf(stderr, "poplin: %s is no message number\n", p->arguments[i]);
            return false;
        }
        p->numbers[p->number_count++] = (uint32_t)n;
    }
    return p->numbers != NULL;
}

static bool parse_command(struct pop *p, const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        p->verb = commands[i].verb;
        p->needs_login = commands[i].needs_login;
        if (p->argument_count < commands[i].least || p->argument_count > commands[i].most) {
            fprintf(stderr, "poplin: wrong number of arguments for %s\n", name);
            return false;
        }
        return !commands[i].are_numbers || parse_numbers(p);
    }
    fprintf(stderr, "poplin: no POP3 command `%s`. Try `poplin pop --help`.\n", name);
    return false;
}

static int parse(struct pop *p, int argc, char **argv)
{
    char why[200];
    const char *tls = NULL;
    int o, first = optind;
    /* The URL is needed before options that change what it says: two passes. */
    while ((o = getopt_long(argc, argv, "u:vh", options, NULL)) != -1) {
        if (o == 'h') {
            usage();
            return -1;
        }
        if (o == '?')
            return EX_USAGE;
    }
    if (argc - optind < 2) {
        fputs("poplin: a URL and a command are needed. Try `poplin pop --help`.\n", stderr);
        return EX_USAGE;
    }
    if (account_from_url(argv[optind], &p->account, why) != STATUS_OK) {
        fprintf(stderr, "poplin: %s\n", why);
        return EX_USAGE;
    }
    int command = optind + 1;
    optind = first ? first : 1;
    while ((o = getopt_long(argc, argv, "u:vh", options, NULL)) != -1) {
        if (o == O_TLS)
            tls = optarg;
        if (!take_option(p, o)) {
            fputs("poplin: an option's value does not fit\n", stderr);
            return EX_USAGE;
        }
    }
    if (tls && !parse_tls(p, tls))
        return EX_USAGE;
    p->arguments = argv + command + 1;
    p->argument_count = argc - command - 1;
    return parse_command(p, argv[command]) ? EX_OK : EX_USAGE;
}

/* ---- the run ---- */

static bool get_secret(struct pop *p)
{
    char why[200];
    if (p->token[0] || p->password[0])
        return true;
    if (account_password(&p->account, p->password, sizeof p->password, why) == STATUS_OK)
        return true;
    failure_set(&p->failure, FAILURE_CONFIG, "no password: %s", why);
    return false;
}

static bool open_tls(struct pop *p)
{
    struct tls_client_options o = {.ca_file = p->account.ca_file};
    char why[300];
    if (p->account.tls == ACCOUNT_TLS_NONE || tls_client_context_new(&o, &p->tls, why) == STATUS_OK)
        return true;
    failure_set(&p->failure, FAILURE_CONFIG, "%s", why);
    return false;
}

static void converse(struct pop *p)
{
    struct dialogue *d = NULL;
    struct dialogue_options o = {
        .account = &p->account,
        .tls = p->tls,
        .password = slice_str(p->password),
        .token = slice_str(p->token),
        .login = p->needs_login,
        .handler = {p, on_ready, on_event, on_room, on_over, p->verbose ? on_trace : NULL},
    };
    if (event_loop_new(&p->loop) != STATUS_OK || dialogue_start(p->loop, &o, &d) != STATUS_OK) {
        failure_set(&p->failure, FAILURE_LOCAL, "out of memory");
        return;
    }
    if (event_run(p->loop) != STATUS_OK)
        failure_set(&p->failure, FAILURE_LOCAL, "the kernel refused to wait");
    dialogue_free(d);
    event_loop_free(p->loop);
}

int poplin_pop(int argc, char **argv)
{
    struct pop *p = calloc(1, sizeof *p);
    if (!p)
        return EX_OSERR;
    tls_global_init();
    int code = parse(p, argc, argv);
    if (code == EX_OK) {
        if (open_tls(p) && get_secret(p))
            converse(p);
        if (fflush(stdout) != 0)
            failure_set(&p->failure, FAILURE_LOCAL, "standard output cannot be written");
        code = poplin_tell(&p->failure, p->json);
    }
    if (p->tls)
        tls_context_unref(p->tls);
    account_wipe(&p->account);
    free(p->numbers);
    explicit_bzero(p, sizeof *p);
    free(p);
    return code < 0 ? EX_OK : code;
}
