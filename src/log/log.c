#include "log/log.h"

#include "base/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PLAIN_MAX = 512,  /* octets of a value that is not a client's */
    QUOTED_MAX = 254, /* octets of one that is */
    END_ROOM = 2,     /* kept free for what closes a line */
    TEXT_MAX = 1024,
    OWN_LEAST = 64,   /* lower numbers are handed from process to process */
    MANGLED_MAX = 64, /* of any that does not fit once it is escaped */
};

static struct {
    int given;      /* what log_open was given */
    int descriptor; /* what is written to: the same, or `own` */
    int own;        /* a pipe opened again so that it never blocks; -1: none */
    pid_t owner;    /* the process that opened it */
    enum log_target target;
    enum log_format format;
    char role[16];
    pid_t process;
} output = {.given = -1, .descriptor = -1, .own = -1, .role = "poplin"};

/* Lines that could not be written since the last one that could; of all threads. */
static atomic_uint_fast64_t lost;

static const char *const LEVELS[] = {"debug", "info", "warning", "error"};
static const int PRIORITIES[] = {7, 6, 4, 3}; /* of syslog(3) */
enum { FACILITY_MAIL = 2 << 3 };

/* A pipe whose reader sleeps must not stop the server. Its flag for that is shared with whoever
 * else holds it, so that it is opened once more for us alone, on a number that nobody wants. */
static int open_unblocking(int descriptor)
{
    char path[40];
    struct stat st;
    if (descriptor < 0 || fstat(descriptor, &st) != 0 || !S_ISFIFO(st.st_mode))
        return -1;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int low = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (low < 0)
        return -1;
    int high = fcntl(low, F_DUPFD_CLOEXEC, OWN_LEAST);
    close(low);
    return high;
}

/* Over a reload the pipe is kept: a confined process could not open it again. After a fork the
 * number may be another's, and is left alone. */
void log_open(int descriptor, enum log_target target, enum log_format format)
{
    bool is_same_process = output.owner == getpid();
    if (descriptor != output.given || !is_same_process) {
        if (output.own >= 0 && is_same_process)
            close(output.own);
        output.own = open_unblocking(descriptor);
        output.owner = getpid();
    }
    output.given = descriptor;
    output.descriptor = output.own >= 0 ? output.own : descriptor;
    output.target = target;
    output.format = format;
    output.process = getpid();
}

void log_set_process(const char *role)
{
    (void)snprintf(output.role, sizeof output.role, "%s", role);
    output.process = getpid();
}

enum { SECOND_TEXT = 80 }; /* whatever the numbers in a struct tm */

/* RFC 3339 and RFC 3164 4.1.2, without what strftime asks of the file system. */
static void print_second(char text[SECOND_TEXT], time_t second)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    if (gmtime_r(&second, &t) == NULL)
        memset(&t, 0, sizeof t);
    if (output.target == LOG_TARGET_SYSLOG)
        (void)snprintf(text, SECOND_TEXT, "%s %2d %02d:%02d:%02d ", months[t.tm_mon], t.tm_mday,
                       t.tm_hour, t.tm_min, t.tm_sec);
    else
        (void)snprintf(text, SECOND_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", t.tm_year + 1900,
                       t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* The second's text is kept for the lines that follow in it: breaking a time down costs more than
 * all else in a line. Each thread has its own. */
static void put_second(struct buf *out, time_t now)
{
    static _Thread_local struct {
        time_t second;
        enum log_target target;
        char text[SECOND_TEXT];
    } kept;
    if (kept.second != now || kept.target != output.target) {
        print_second(kept.text, now);
        kept.second = now;
        kept.target = output.target;
    }
    (void)buf_put_str(out, kept.text);
}

static void put_milliseconds(struct buf *out, unsigned n)
{
    const char digits[4] = {'.', (char)('0' + n / 100), (char)('0' + n / 10 % 10),
                            (char)('0' + n % 10)};
    (void)buf_put(out, slice_of(digits, sizeof digits));
}

static void put_timestamp(struct buf *out)
{
    bool is_json = output.format == LOG_FORMAT_JSON;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    (void)buf_put_str(out, is_json ? "\"time\":\"" : "time=");
    put_second(out, now.tv_sec);
    put_milliseconds(out, (unsigned)(now.tv_nsec / 1000000));
    (void)buf_put_str(out, is_json ? "Z\"," : "Z ");
}

/* "<22>Nov  5 06:07:08 poplind[123]: " [RFC 3164 4.1]; the local socket's reader adds the host and
 * puts its own time in. */
static void put_syslog_head(struct buf *out, enum log_level level)
{
    (void)buf_put_char(out, '<');
    (void)buf_put_u64(out, (uint64_t)(FACILITY_MAIL + PRIORITIES[level]));
    (void)buf_put_char(out, '>');
    put_second(out, time(NULL));
    (void)buf_put_str(out, "poplind[");
    (void)buf_put_u64(out, (uint64_t)output.process);
    (void)buf_put_str(out, "]: ");
}

static void put_head(struct buf *out, enum log_level level)
{
    if (output.target == LOG_TARGET_SYSLOG) {
        put_syslog_head(out, level);
    } else if (output.target == LOG_TARGET_JOURNAL) {
        (void)buf_put_char(out, '<');
        (void)buf_put_char(out, (char)('0' + PRIORITIES[level]));
        (void)buf_put_char(out, '>');
    }
    if (output.format == LOG_FORMAT_JSON)
        (void)buf_put_char(out, '{');
    if (output.target == LOG_TARGET_STDERR)
        put_timestamp(out);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    l->out = buf_over(l->memory, sizeof l->memory - END_ROOM);
    l->has_process = false;
    l->missing = 0;
    l->skipped = output.descriptor < 0 || level == LOG_LEVEL_DEBUG;
    if (l->skipped)
        return;
    bool is_json = output.format == LOG_FORMAT_JSON;
    put_head(&l->out, level);
    (void)buf_put_str(&l->out, is_json ? "\"level\":\"" : "level=");
    (void)buf_put_str(&l->out, LEVELS[level]);
    (void)buf_put_str(&l->out, is_json ? "\",\"event\":\"" : " event=");
    (void)buf_put_str(&l->out, event);
    if (is_json)
        (void)buf_put_char(&l->out, '"');
}

/* ` name=` or `,"name":`. A field is there whole or not at all: the caller keeps the size from
 * before and gives it to end_field. */
static size_t begin_field(struct log_line *l, const char *name)
{
    size_t before = l->out.size;
    bool is_json = output.format == LOG_FORMAT_JSON;
    (void)buf_put_str(&l->out, is_json ? ",\"" : " ");
    (void)buf_put_str(&l->out, name);
    (void)buf_put_str(&l->out, is_json ? "\":" : "=");
    return before;
}

static void end_field(struct log_line *l, size_t before)
{
    if (l->out.overflow)
        l->out.size = before;
    l->out.overflow = false;
}

/* Words that need no quotes: nothing in them could end a field or begin a name. */
static bool is_word(struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && (c == '\0' || strchr("._:/@+-[]%,", c) == NULL))
            return false;
    }
    return value.size > 0;
}

/* Who writes: after `rip`, and before all that a client chose. */
static void put_process(struct log_line *l)
{
    l->has_process = true;
    size_t before = begin_field(l, "process");
    bool is_json = output.format == LOG_FORMAT_JSON;
    (void)buf_put_str(&l->out, is_json ? "\"" : "");
    (void)buf_put_str(&l->out, output.role);
    (void)buf_put_str(&l->out, is_json ? "\"" : "");
    end_field(l, before);
    if (output.target != LOG_TARGET_SYSLOG)
        log_u64(l, "pid", (uint64_t)output.process);
    l->missing = atomic_exchange_explicit(&lost, 0, memory_order_relaxed);
    if (l->missing > 0)
        log_u64(l, "lost", l->missing);
}

static bool is_wanted(struct log_line *l, const char *name)
{
    if (!l->skipped && !l->has_process && strcmp(name, "rip") != 0)
        put_process(l);
    return !l->skipped;
}

static void put_once(struct log_line *l, const char *name, struct slice value, size_t limit,
                     bool quoted)
{
    size_t before = begin_field(l, name);
    if (output.format == LOG_FORMAT_JSON)
        (void)escape_json(&l->out, value, limit);
    else if (!quoted && value.size <= limit && is_word(value))
        (void)buf_put(&l->out, value);
    else
        (void)escape_logfmt(&l->out, value, limit);
    bool is_left_out = l->out.overflow;
    end_field(l, before);
    if (is_left_out && limit > MANGLED_MAX)
        put_once(l, name, value, MANGLED_MAX, quoted);
}

/* What grows too long by escaping is cut shorter. */
static void put_value(struct log_line *l, const char *name, struct slice value, size_t limit,
                      bool quoted)
{
    if (is_wanted(l, name))
        put_once(l, name, value, limit, quoted);
}

void log_slice(struct log_line *l, const char *name, struct slice value)
{
    put_value(l, name, value, PLAIN_MAX, false);
}

void log_str(struct log_line *l, const char *name, const char *value)
{
    log_slice(l, name, slice_str(value));
}

void log_quoted(struct log_line *l, const char *name, struct slice value)
{
    put_value(l, name, value, QUOTED_MAX, true);
}

void log_u64(struct log_line *l, const char *name, uint64_t value)
{
    if (!is_wanted(l, name))
        return;
    size_t before = begin_field(l, name);
    (void)buf_put_u64(&l->out, value);
    end_field(l, before);
}

void log_ms(struct log_line *l, const char *name, uint64_t milliseconds)
{
    if (!is_wanted(l, name))
        return;
    size_t before = begin_field(l, name);
    (void)buf_put_u64(&l->out, milliseconds / 1000);
    put_milliseconds(&l->out, (unsigned)(milliseconds % 1000));
    end_field(l, before);
}

/* One write, so that the kernel keeps the line in one piece; never waited for longer than the
 * descriptor itself makes us. */
static bool write_line(const struct log_line *l)
{
    ssize_t n;
    do {
        n = write(output.descriptor, l->out.data, l->out.size);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)l->out.size;
}

void log_end(struct log_line *l)
{
    if (l->skipped)
        return;
    int error = errno;
    if (!l->has_process)
        put_process(l);
    l->out.capacity += END_ROOM;
    if (output.format == LOG_FORMAT_JSON)
        (void)buf_put_char(&l->out, '}');
    if (output.target != LOG_TARGET_SYSLOG)
        (void)buf_put_char(&l->out, '\n');
    if (!write_line(l))
        atomic_fetch_add_explicit(&lost, l->missing + 1, memory_order_relaxed);
    errno = error;
}

void log_text(enum log_level level, const char *event, const char *format, ...)
{
    char text[TEXT_MAX];
    struct log_line l;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_begin(&l, level, event);
    if (n >= 0)
        put_value(&l, "text", slice_str(text), TEXT_MAX, true);
    log_end(&l);
}
