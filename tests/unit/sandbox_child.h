/* sandbox_child: claims about confined processes, each checked in a child of its own.
 *
 * cmocka's asserts would leave the child by longjmp; the child says what is wrong instead. */
#ifndef POPLIN_TESTS_SANDBOX_CHILD_H
#define POPLIN_TESTS_SANDBOX_CHILD_H

#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, SAID_MAX = 4000 };

/* Runs in a child; what it says with `say` is what went wrong. */
typedef void child_body(void *context);

static int said_to = -1;

static inline void say(const char *what)
{
    dprintf(said_to, "%s (errno %d); ", what, errno);
}

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            say(#condition);                                                                       \
    } while (0)

/* The child's words in `said`; its wait status is returned. */
static inline int in_child(child_body *body, void *context, char said[SAID_MAX])
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        said_to = ends[1];
        body(context);
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t n;
    while (size < SAID_MAX - 1 && (n = read(ends[0], said + size, SAID_MAX - 1 - size)) > 0)
        size += (size_t)n;
    said[size] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static inline void child_must_be_content(child_body *body, void *context)
{
    char said[SAID_MAX];
    int status = in_child(body, context, said);
    assert_string_equal(said, "");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline struct sandbox_report confine(enum sandbox_role role,
                                            const struct sandbox_paths *paths)
{
    struct sandbox_report report = {0};
    char why[200] = "";
    NEED(sandbox_begin() == STATUS_OK);
    if (sandbox_drop_user(NOBODY, NOBODY, why) != STATUS_OK ||
        sandbox_confine(role, paths, &report, why) != STATUS_OK)
        say(why);
    return report;
}

static inline bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

#endif
