#include "cli/poplin_rows.h"

#include "base/width.h"
#include "cli/poplin_json.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum {
    COLUMN_FROM = 22,
    COLUMN_ACCOUNT = 12,
    COLUMN_DATE = 10,
    WIDTH_LEAST = 60,
    ROW_MOST = 16 * 1024,
    CELL_UNCUT = 1000, /* columns of a subject where no terminal is */
};

static size_t terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return 0;
    return w.ws_col < WIDTH_LEAST ? WIDTH_LEAST : w.ws_col;
}

void poplin_rows_begin(struct poplin_rows *r, bool json, size_t names)
{
    r->json = json;
    r->has_accounts = names > 1;
    r->width = terminal_width();
    r->now = time(NULL);
    r->count = 0;
    r->last_quarter = INT64_MIN;
    r->out = buf_over(r->memory, sizeof r->memory);
}

static void flush(struct poplin_rows *r)
{
    fwrite(r->out.data, 1, r->out.size, stdout);
    buf_clear(&r->out);
}

/* --- cells --- */

void poplin_rows_size(uint64_t octets, char out[ROWS_SIZE])
{
    static const char units[] = "BKMGTPE";
    struct buf b = buf_over(out, ROWS_SIZE);
    uint64_t tenths = octets < UINT64_MAX / 10 ? octets * 10 : octets;
    size_t unit = 0;
    while (tenths >= 9995 && unit < sizeof units - 2) {
        tenths /= 1024;
        unit++;
    }
    buf_put_u64(&b, tenths / 10);
    if (unit > 0 && tenths < 100) {
        buf_put_char(&b, '.');
        buf_put_char(&b, (char)('0' + tenths % 10));
    }
    buf_put_char(&b, units[unit]);
    buf_put_char(&b, '\0');
}

void poplin_rows_date(int64_t seconds, int64_t now, char out[ROWS_DATE])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm then, today;
    time_t t = seconds, n = now;
    out[0] = '\0';
    if (!localtime_r(&t, &then) || !localtime_r(&n, &today) || then.tm_year < 0 ||
        then.tm_year > 8099)
        return;
    bool is_past = seconds <= now + 60;
    if (is_past && then.tm_year == today.tm_year && then.tm_yday == today.tm_yday)
        snprintf(out, ROWS_DATE, "%02d:%02d", then.tm_hour, then.tm_min);
    else if (is_past && now - seconds < 6 * 86400)
        snprintf(out, ROWS_DATE, "%s %02d:%02d", days[then.tm_wday % 7], then.tm_hour, then.tm_min);
    else if (is_past && now - seconds < 300 * 86400)
        snprintf(out, ROWS_DATE, "%d %s", then.tm_mday, months[then.tm_mon % 12]);
    else
        snprintf(out, ROWS_DATE, "%04d-%02d-%02d", then.tm_year + 1900, then.tm_mon + 1,
                 then.tm_mday);
}

/* By hand: a list has a hundred thousand of them. */
static size_t put_number(struct buf *out, int64_t id)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + id % 10);
        id /= 10;
    } while (id > 0 && at > 0);
    while (at > sizeof digits - 6)
        digits[--at] = ' ';
    buf_put(out, slice_of(digits + at, sizeof digits - at));
    return sizeof digits - at;
}

static void put_right(struct buf *out, const char *text, size_t columns)
{
    for (size_t n = strlen(text); n < columns; n++)
        buf_put_char(out, ' ');
    buf_put_str(out, text);
}

static size_t put_marks(struct buf *out, const struct mailbox_entry *e)
{
    buf_put_str(out, e->read ? "  " : " \xe2\x97\x8f");
    buf_put_str(out, e->flagged ? "\xe2\x98\x85" : " ");
    buf_put_str(out, e->has_attachment ? "\xf0\x9f\x93\x8e " : "   ");
    return 6;
}

/* --- rows --- */

/* Neighbours are often of one hour, and look alike when it is long ago. */
static void cell_date(struct poplin_rows *r, int64_t seconds, char out[ROWS_DATE])
{
    bool is_old = seconds < r->now - 7 * 86400;
    if (!is_old || r->last_quarter != seconds / 900) {
        poplin_rows_date(seconds, r->now, r->last_date);
        r->last_quarter = is_old ? seconds / 900 : INT64_MIN;
    }
    memcpy(out, r->last_date, ROWS_DATE);
}

static void put_row(struct poplin_rows *r, const struct mailbox_entry *e)
{
    char date[ROWS_DATE], size[ROWS_SIZE];
    struct buf *out = &r->out;
    cell_date(r, e->has_date ? e->date : e->fetched, date);
    poplin_rows_size(e->octets, size);
    size_t used = put_number(out, e->id) + put_marks(out, e);
    used += width_put_cell(out, slice_str(date), COLUMN_DATE, true);
    put_right(out, size, 6);
    buf_put_str(out, "  ");
    used += 8;
    if (r->has_accounts) {
        used += width_put_cell(out, slice_str(e->account->name), COLUMN_ACCOUNT, true) + 2;
        buf_put_str(out, "  ");
    }
    used += width_put_cell(out, e->author.size ? e->author : SLICE("-"), COLUMN_FROM, true) + 2;
    buf_put_str(out, "  ");
    width_put_cell(out, e->subject.size ? e->subject : SLICE("-"),
                   r->width > used + 8 ? r->width - used : CELL_UNCUT, false);
    buf_put_char(out, '\n');
}

static void put_json(const struct mailbox_entry *e)
{
    char path[LIMIT_PATH];
    struct json_line j;
    json_begin(&j);
    json_number(&j, "id", (uint64_t)e->id);
    json_text(&j, "account", slice_str(e->account->name));
    json_text(&j, "from", e->senders);
    json_text(&j, "to", e->recipients);
    json_text(&j, "subject", e->subject);
    json_text(&j, "message_id", e->message_id);
    json_time(&j, "date", e->has_date ? e->date : 0);
    json_time(&j, "fetched", e->fetched);
    json_number(&j, "octets", e->octets);
    json_bool(&j, "read", e->read);
    json_bool(&j, "flagged", e->flagged);
    json_bool(&j, "attachment", e->has_attachment);
    json_text(&j, "file", mailbox_path(e, path) ? slice_str(path) : SLICE(""));
    json_text(&j, "uidl", e->is_local ? SLICE("") : e->uidl);
    json_end(&j);
}

void poplin_rows_put(struct poplin_rows *r, const struct mailbox_entry *e)
{
    r->count++;
    if (r->json) {
        put_json(e);
        return;
    }
    if (buf_room(&r->out) < ROW_MOST)
        flush(r);
    put_row(r, e);
}

int poplin_rows_end(struct poplin_rows *r)
{
    flush(r);
    if (fflush(stdout) == 0)
        return EX_OK;
    fputs("poplin: standard output cannot be written\n", stderr);
    return EX_IOERR;
}
