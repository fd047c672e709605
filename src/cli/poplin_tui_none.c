#include "cli/poplin.h"

#include <stdio.h>
#include <sysexits.h>

/* `poplin tui` of a build without ncurses. */

int poplin_tui(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fputs(
        "poplin: built without the full-screen reader; `poplin list` and `poplin read` are there\n",
        stderr);
    return EX_UNAVAILABLE;
}
