/* Writes failed logins to standard output as the server would, one for each name given on standard
 * input (each ends with a NUL octet): log_lines stderr|journal|syslog logfmt|json ADDRESS. The
 * lines of syslog are the datagram's, one a line. */
#include "log/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void log_failed_login(const char *address, struct slice user)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_WARNING, "auth-fail");
    log_str(&l, "rip", address);
    log_str(&l, "reason", "password");
    log_quoted(&l, "user", user);
    log_end(&l);
}

/* What the socket holds, as the lines that a syslog daemon would write. */
static void print_datagram(int socket)
{
    char text[LOG_LINE_MAX];
    ssize_t n = recv(socket, text, sizeof text, 0);
    const char *end = n > 0 ? memchr(text, '>', (size_t)n) : NULL;
    if (end == NULL)
        exit(1);
    const char *head = end + 1, *rest = head + strlen("Jan  1 00:00:00 ");
    printf("%.*shost %.*s\n", (int)(rest - head), head, (int)(text + n - rest), rest);
}

int main(int argc, char **argv)
{
    int pair[2];
    char *name = NULL;
    size_t room = 0;
    if (argc != 4 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
        return 64;
    bool is_syslog = strcmp(argv[1], "syslog") == 0;
    enum log_target target = is_syslog                         ? LOG_TARGET_SYSLOG
                             : strcmp(argv[1], "journal") == 0 ? LOG_TARGET_JOURNAL
                                                               : LOG_TARGET_STDERR;
    log_open(is_syslog ? pair[1] : STDOUT_FILENO, target,
             strcmp(argv[2], "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);
    log_set_process("auth");
    for (ssize_t n; (n = getdelim(&name, &room, '\0', stdin)) > 0;) {
        log_failed_login(argv[3], slice_of(name, (size_t)n - (name[n - 1] == '\0')));
        if (is_syslog)
            print_datagram(pair[0]);
    }
    free(name);
    return 0;
}
