#include "client/fetch_run.h"

#include <time.h>
#include <unistd.h>

/* What the account's own words and the server's name put into a header is printable and without
 * line ends. */
static void put_word(struct buf *b, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool is_plain = *at > ' ' && *at < 0x7f && !strchr("()<>\\\"", *at);
        buf_put(b, slice_of(is_plain ? at : "_", 1));
    }
}

static void put_date(struct buf *b, time_t now)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    if (gmtime_r(&now, &t))
        buf_printf(b, "%s, %d %s %d %02d:%02d:%02d +0000", days[t.tm_wday], t.tm_mday,
                   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

struct slice fetch_received_line(const struct fetch *f, char memory[FETCH_OWN_LINE])
{
    char host[256] = "localhost";
    struct buf b = buf_over(memory, FETCH_OWN_LINE);
    if (!f->account->add_received)
        return slice_of("", 0);
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    buf_put_str(&b, "Received: from ");
    put_word(&b, f->account->host);
    buf_put_str(&b, " by ");
    put_word(&b, host);
    buf_printf(&b, " with POP3%s (poplin); ", dialogue_tls(f->dialogue) ? "S" : "");
    put_date(&b, time(NULL));
    return b.overflow ? slice_of("", 0) : buf_slice(&b);
}

struct slice fetch_delivered_to_line(const struct fetch *f, char memory[FETCH_OWN_LINE])
{
    struct buf b = buf_over(memory, FETCH_OWN_LINE);
    if (!f->account->add_delivered_to || !f->account->user)
        return slice_of("", 0);
    buf_put_str(&b, "Delivered-To: ");
    put_word(&b, f->account->user);
    return b.overflow ? slice_of("", 0) : buf_slice(&b);
}
