#include "cli/poplin_text.h"

#include "base/width.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TAB = 8, WIDTH_LEAST = 20 };

size_t poplin_text_width(void)
{
    struct winsize w;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
        return 0;
    return w.ws_col < WIDTH_LEAST ? WIDTH_LEAST : w.ws_col;
}

/* --- characters --- */

static void put_point(FILE *out, struct slice character, uint32_t point)
{
    if (width_is_visible(point))
        fwrite(character.data, 1, character.size, out);
    else
        fputs("\xef\xbf\xbd", out);
}

static size_t put_tab(FILE *out, size_t column)
{
    size_t n = TAB - column % TAB;
    for (size_t i = 0; i < n; i++)
        fputc(' ', out);
    return n;
}

void poplin_text_put_line(FILE *out, struct slice text)
{
    while (text.size > 0) {
        struct slice before = text;
        uint32_t point;
        size_t n = width_next_point(&text, &point);
        if (point == '\t')
            fputc(' ', out);
        else
            put_point(out, slice_take(before, n), point);
    }
}

/* --- lines --- */

/* How much of a line fits: up to the last blank or between wide characters. */
static size_t fitting(struct slice line, size_t width)
{
    struct slice rest = line;
    size_t column = 0, best = 0;
    while (rest.size > 0) {
        size_t at = line.size - rest.size;
        uint32_t point;
        (void)width_next_point(&rest, &point);
        unsigned w = point == '\t' ? (unsigned)(TAB - column % TAB) : width_of_point(point);
        if (w == 2)
            best = at;
        if (column + w > width)
            return best > 0 ? best : at > 0 ? at : line.size - rest.size;
        column += w;
        if (point == ' ' || point == '\t')
            best = line.size - rest.size;
    }
    return line.size;
}

static void put_part(FILE *out, struct slice part)
{
    size_t column = 0;
    while (part.size > 0) {
        struct slice before = part;
        uint32_t point;
        size_t n = width_next_point(&part, &point);
        if (point == '\t') {
            column += put_tab(out, column);
        } else {
            put_point(out, slice_take(before, n), point);
            column += width_of_point(point);
        }
    }
    fputc('\n', out);
}

void poplin_text_put(FILE *out, struct slice text, size_t width)
{
    while (text.size > 0) {
        size_t end = slice_find(text, '\n');
        struct slice line = slice_take(text, end);
        text = slice_skip(text, end < text.size ? end + 1 : end);
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        do {
            size_t n = width ? fitting(line, width) : line.size;
            put_part(out, slice_take(line, n));
            line = slice_skip(line, n);
        } while (line.size > 0);
    }
}

/* --- pager --- */

static void run_pager(const char *command, const int pipe_ends[2])
{
    dup2(pipe_ends[0], STDIN_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    setenv("LESSCHARSET", "utf-8", 0);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void poplin_pager_open(struct poplin_pager *p)
{
    const char *command = getenv("PAGER");
    int ends[2];
    *p = (struct poplin_pager){.out = stdout};
    if (!isatty(STDOUT_FILENO) || pipe(ends) != 0)
        return;
    fflush(stdout);
    p->process = fork();
    if (p->process == 0)
        run_pager(command && *command ? command : "less -R", ends);
    close(ends[0]);
    p->out = p->process > 0 ? fdopen(ends[1], "w") : NULL;
    if (!p->out) {
        close(ends[1]);
        p->out = stdout;
    }
}

bool poplin_pager_close(struct poplin_pager *p)
{
    int ended;
    if (p->process <= 0)
        return fflush(stdout) == 0;
    if (p->out != stdout)
        fclose(p->out); /* who leaves the pager early has seen enough */
    while (waitpid(p->process, &ended, 0) < 0 && errno == EINTR)
        continue;
    return true;
}
