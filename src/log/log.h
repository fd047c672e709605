/* log: one event, one line, written whole by one write(2) to an inherited descriptor, so that
 * lines of several processes never mix.
 *
 *   time=2031-11-05T06:07:08.009Z level=warning event=auth-fail rip=192.0.2.1 process=auth pid=7
 *   reason=password user="ann"                                              (one line)
 *
 * A line is begun with its level and event name, takes fields, and is ended. Fields are printed in
 * the order they are given; callers give `rip` first, and `process` and `pid` follow it; what a
 * client chose goes last, by log_quoted. Values that are not plain words are quoted by
 * base/escape.h: no client can make a line or a field. A value that does not fit into the line is
 * cut short, a field that still does not is left out. The first three fields and rip are what
 * packaging/fail2ban matches. */
#ifndef POPLIN_LOG_LOG_H
#define POPLIN_LOG_LOG_H

#include "base/buf.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
/* STDERR: "time=… level=… event=…"; JOURNAL: a "<N>" level prefix and no time (standard error
 * goes to the journal); SYSLOG: one RFC 3164 datagram each over a connected /dev/log socket. */
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_JOURNAL, LOG_TARGET_SYSLOG };

enum { LOG_LINE_MAX = 2048 };

/* Set once at start, before the process is confined, and again on reload. `descriptor` is borrowed.
 * A pipe is opened once more without blocking; files and sockets are written to as they are. */
void log_open(int descriptor, enum log_target target, enum log_format format);
/* The process' role, "front", "auth", "store", "master": the field `process`, with its pid. */
void log_set_process(const char *role);
/* STDERR, or JOURNAL when JOURNAL_STREAM names the descriptor. */
enum log_target log_target_of(int descriptor);
/* A connected /dev/log datagram socket, or -1 with errno. */
int log_connect_syslog(void);

struct log_line {
    struct buf out;
    bool skipped;     /* level below what is logged, or nowhere to log to */
    bool has_process; /* its field is there */
    uint64_t missing; /* lines lost before, told in this one */
    char memory[LOG_LINE_MAX];
};

void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_str(struct log_line *l, const char *name, const char *value);
void log_slice(struct log_line *l, const char *name, struct slice value);
void log_u64(struct log_line *l, const char *name, uint64_t value);
/* Milliseconds as seconds with three digits. */
void log_ms(struct log_line *l, const char *name, uint64_t milliseconds);
/* Always quoted, at most 254 octets: what a client chose, and texts that may hold some of it. */
void log_quoted(struct log_line *l, const char *name, struct slice value);
/* Writes the line. A full pipe or disk loses the line, never blocks the process for long; lost
 * lines are counted and told by the next one (field `lost`). */
void log_end(struct log_line *l);

/* A whole line without fields but `text`. */
void log_text(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
