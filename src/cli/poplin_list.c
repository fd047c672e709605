#include "cli/poplin_json.h"
#include "cli/poplin_open.h"

#include "base/escape.h"
#include "client/header_text.h"
#include "client/maildir_names.h"

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* `poplin list`: what was fetched and is not read yet. */

enum { HEAD = 64 * 1024, COLUMN_FROM = 24, COLUMN_ACCOUNT = 12, WIDTH_LEAST = 60 };

struct item {
    const struct account *account;
    int64_t id, fetched;
    uint64_t octets;
    bool read;
    char *path; /* NULL: it lies where we cannot look */
    char *uidl;
    size_t uidl_size;
};

struct list {
    const char *only;
    bool all, json, on_terminal;
    uint64_t limit; /* 0: none */
    size_t width;   /* of the terminal; 0: do not cut */
    struct account_set accounts;
    struct state *state;
    struct item *items;
    size_t count, capacity;
    /* while an account's rows are read */
    const struct account *account;
    struct maildir_names names;
    bool has_names, failed;
};

static void usage(void)
{
    puts(
        "Usage: poplin list [-a NAME] [--all] [-n N] [--json]\n"
        "Lists what was fetched and is not read yet, oldest first: number, date, size, sender and\n"
        "subject, and the account where there are several. A message that was read or removed in\n"
        "the Maildir is not listed.\n"
        "\n"
        "  -a, --account NAME   this account only\n"
        "      --all            those that were read, too\n"
        "  -n, --limit N        the N newest\n"
        "      --json           one object a line\n"
        "\n"
        "Exit codes: 0 done, also when there is none; 74 the state cannot be read; 78\n"
        "configuration.");
}

/* ---- what is to be listed ---- */

static struct item *new_item(struct list *l)
{
    if (l->count == l->capacity) {
        size_t more = l->capacity ? l->capacity * 2 : 64;
        struct item *items = reallocarray(l->items, more, sizeof *items);
        if (!items)
            return NULL;
        l->items = items;
        l->capacity = more;
    }
    struct item *i = &l->items[l->count++];
    *i = (struct item){.account = l->account};
    return i;
}

/* Where the row's message lies now. False: it is not there any more. */
static bool place(struct list *l, const struct state_row *row, struct item *i)
{
    if (!l->has_names || row->file.size == 0)
        return true;
    const struct maildir_name *n = maildir_names_find(&l->names, row->file);
    if (!n)
        return false;
    i->read = i->read || n->read;
    return asprintf(&i->path, "%s/%s", l->account->arguments[0], n->path) >= 0;
}

static bool add_row(void *context, const struct state_row *row)
{
    struct list *l = context;
    bool here = row->stage == STATE_DELIVERED || row->stage == STATE_TO_DELETE ||
                row->stage == STATE_DELETED;
    if (!here || row->file.size == 0 || (row->read && !l->all))
        return true;
    struct item *i = new_item(l);
    l->failed = !i || !(i->uidl = malloc(row->uidl.size + 1));
    if (l->failed)
        return false;
    memcpy(i->uidl, row->uidl.data, row->uidl.size);
    i->uidl_size = row->uidl.size;
    i->id = row->id;
    i->fetched = row->fetched;
    i->octets = row->octets;
    i->read = row->read;
    if (!place(l, row, i) || (i->read && !l->all)) {
        free(i->uidl);
        free(i->path);
        l->count--;
    }
    return true;
}

static int add_account(struct list *l, const struct account *a)
{
    struct failure f = {0};
    l->account = a;
    if (a->target == ACCOUNT_TARGET_MAILDIR) {
        enum status s = maildir_names_read(a->arguments[0], &l->names);
        l->has_names = s == STATUS_OK;
        /* No Maildir: nothing was fetched into it yet, or it is gone with all that was in it. */
        if (s == STATUS_NOT_FOUND)
            return EX_OK;
        if (s != STATUS_OK)
            failure_set(&f, FAILURE_LOCAL, "%s: cannot read the Maildir %s: %s", a->name,
                        a->arguments[0], status_text(s));
    }
    if (f.kind == FAILURE_NONE && (state_each(l->state, a->name, add_row, l) != STATUS_OK))
        failure_set(&f, FAILURE_LOCAL, "%s: %s", a->name, state_error(l->state));
    if (l->failed)
        failure_set(&f, FAILURE_LOCAL, "out of memory");
    maildir_names_wipe(&l->names);
    l->has_names = false;
    return poplin_tell(&f, l->json);
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->fetched != y->fetched)
        return x->fetched < y->fetched ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* ---- what it says ---- */

struct header {
    char from_memory[HEADER_TEXT], subject_memory[HEADER_TEXT];
    struct buf from, subject; /* decoded, not escaped */
    bool has_date;
    int64_t date;
};

static void decode_field(struct slice head, struct slice name, bool is_author, struct buf *out)
{
    char memory[HEADER_TEXT];
    struct buf raw = buf_over(memory, sizeof memory);
    if (header_field(head, name, &raw))
        header_decode(is_author ? header_author(buf_slice(&raw)) : buf_slice(&raw), out);
}

static void read_header(const struct item *i, bool whole_author, struct header *h)
{
    static char memory[HEAD];
    char date[HEADER_TEXT];
    struct buf raw = buf_over(date, sizeof date);
    int fd =
        i->path ? open(i->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK) : -1;
    ssize_t n = fd < 0 ? 0 : read(fd, memory, sizeof memory);
    struct slice head = slice_of(memory, n > 0 ? (size_t)n : 0);
    if (fd >= 0)
        close(fd);
    h->from = buf_over(h->from_memory, sizeof h->from_memory);
    h->subject = buf_over(h->subject_memory, sizeof h->subject_memory);
    decode_field(head, SLICE("From"), !whole_author, &h->from);
    decode_field(head, SLICE("Subject"), false, &h->subject);
    h->has_date = header_field(head, SLICE("Date"), &raw) && header_date(buf_slice(&raw), &h->date);
    if (!h->has_date)
        h->date = i->fetched;
}

static void print_json(const struct item *i)
{
    struct json_line j;
    struct header h;
    read_header(i, true, &h);
    json_begin(&j);
    json_number(&j, "id", (uint64_t)i->id);
    json_text(&j, "account", slice_str(i->account->name));
    json_text(&j, "from", buf_slice(&h.from));
    json_text(&j, "subject", buf_slice(&h.subject));
    json_time(&j, "date", h.has_date ? h.date : 0);
    json_time(&j, "fetched", i->fetched);
    json_number(&j, "octets", i->octets);
    json_bool(&j, "read", i->read);
    json_text(&j, "file", i->path ? slice_str(i->path) : SLICE(""));
    json_text(&j, "uidl", slice_of(i->uidl, i->uidl_size));
    json_end(&j);
}

/* Octets of the text that fit into so many columns, which is what they take. */
static size_t fit(struct slice text, size_t width, size_t *columns)
{
    mbstate_t state = {0};
    size_t at = 0;
    *columns = 0;
    while (at < text.size) {
        wchar_t c;
        size_t n = mbrtowc(&c, text.data + at, text.size - at, &state);
        int w = n == 0 || n > text.size - at ? -1 : wcwidth(c);
        if (w < 0 || *columns + (size_t)w > width)
            break;
        *columns += (size_t)w;
        at += n;
    }
    return at;
}

/* Foreign text in a column of the terminal: cut with a mark, or padded. Width 0: as long as it is.
 */
static void print_cell(struct slice text, size_t width, bool padded)
{
    char memory[HEADER_TEXT * 4 + 8];
    struct buf b = buf_over(memory, sizeof memory);
    size_t columns, n;
    escape_plain(&b, text, HEADER_TEXT);
    n = fit(buf_slice(&b), width ? width : SIZE_MAX / 2, &columns);
    bool cut = n < b.size;
    if (cut && width)
        n = fit(buf_slice(&b), width - 1, &columns);
    printf("%.*s%s", (int)n, b.data, cut ? "…" : "");
    for (columns += cut; padded && columns < width; columns++)
        putchar(' ');
}

static void size_text(uint64_t octets, char out[8])
{
    static const char units[] = "BKMGTPE";
    double value = (double)octets;
    size_t unit = 0;
    while (value >= 999.5 && unit < sizeof units - 2) {
        value /= 1024;
        unit++;
    }
    snprintf(out, 8, value < 9.95 && unit > 0 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

static void date_text(int64_t seconds, char out[JSON_TIME])
{
    struct tm tm;
    time_t t = seconds;
    out[0] = '\0';
    if (localtime_r(&t, &tm) && tm.tm_year >= 0 && tm.tm_year < 8100)
        strftime(out, JSON_TIME, "%Y-%m-%d %H:%M", &tm);
}

static void print_item(const struct list *l, const struct item *i)
{
    struct header h;
    char size[8], date[JSON_TIME];
    read_header(i, false, &h);
    size_text(i->octets, size);
    date_text(h.date, date);
    int n = printf("%6lld  %-16s  %5s  ", (long long)i->id, date, size);
    size_t used = n > 0 ? (size_t)n : 0;
    if (!l->only && l->accounts.count > 1) {
        print_cell(slice_str(i->account->name), COLUMN_ACCOUNT, true);
        fputs("  ", stdout);
        used += COLUMN_ACCOUNT + 2;
    }
    print_cell(h.from.size ? buf_slice(&h.from) : SLICE("-"), COLUMN_FROM, true);
    fputs("  ", stdout);
    used += COLUMN_FROM + 2;
    print_cell(h.subject.size ? buf_slice(&h.subject) : SLICE("-"),
               l->width > used + 8 ? l->width - used : 0, false);
    putchar('\n');
}

static size_t terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return 0;
    return w.ws_col < WIDTH_LEAST ? WIDTH_LEAST : w.ws_col;
}

static int print_all(struct list *l)
{
    size_t first = 0;
    if (l->limit > 0 && l->count > l->limit)
        first = l->count - (size_t)l->limit;
    if (l->count > 0)
        qsort(l->items, l->count, sizeof *l->items, compare_items);
    l->width = terminal_width();
    /* Widths of characters are looked up in a character set: ours, whatever the locale says. */
    setlocale(LC_CTYPE, "C.UTF-8");
    for (size_t i = first; i < l->count; i++) {
        if (l->json)
            print_json(&l->items[i]);
        else
            print_item(l, &l->items[i]);
    }
    if (fflush(stdout) == 0)
        return EX_OK;
    fputs("poplin: standard output cannot be written\n", stderr);
    return EX_IOERR;
}

/* ---- arguments ---- */

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct list *l, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'}, {"all", no_argument, NULL, 'A'},
        {"limit", required_argument, NULL, 'n'},   {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:n:h", options, NULL)) != -1) {
        if (o == 'a') {
            l->only = optarg;
        } else if (o == 'A') {
            l->all = true;
        } else if (o == 'j') {
            l->json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else if (o != 'n') {
            return EX_USAGE;
        } else if (!slice_parse_u64(slice_str(optarg), &l->limit) || l->limit == 0) {
            fprintf(stderr, "poplin: %s is no number of messages\n", optarg);
            return EX_USAGE;
        }
    }
    if (optind == argc)
        return EX_OK;
    fprintf(stderr, "poplin: list takes no %s. Try `poplin list --help`.\n", argv[optind]);
    return EX_USAGE;
}

int poplin_list(int argc, char **argv)
{
    struct list l = {0};
    int code = parse(&l, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_open_accounts(&l.accounts, l.only);
    if (code != EX_OK)
        return code;
    code = poplin_open_state(&l.state, l.json);
    for (size_t i = 0; code == EX_OK && i < l.accounts.count; i++) {
        if (!l.only || strcmp(l.only, l.accounts.list[i].name) == 0)
            code = add_account(&l, &l.accounts.list[i]);
    }
    if (code == EX_OK)
        code = print_all(&l);
    for (size_t i = 0; i < l.count; i++) {
        free(l.items[i].path);
        free(l.items[i].uidl);
    }
    free(l.items);
    state_close(l.state);
    account_set_wipe(&l.accounts);
    return code;
}
