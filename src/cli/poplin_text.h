/* poplin_text: foreign text of several lines on its way to a terminal. Line ends stay, tabs become
 * blanks, everything that is not to be seen (control, escape and direction characters, octets that
 * are no UTF-8) becomes U+FFFD. */
#ifndef POPLIN_CLI_POPLIN_TEXT_H
#define POPLIN_CLI_POPLIN_TEXT_H

#include "base/slice.h"

#include <stdio.h>

/* `width`: columns at which lines are broken between words; 0: they are not. The last line gets an
 * end if it has none. */
void poplin_text_put(FILE *out, struct slice text, size_t width);
/* As one line, without its end: line ends in it become U+FFFD, too. */
void poplin_text_put_line(FILE *out, struct slice text);

/* Columns of the terminal, 0: standard output is none. */
size_t poplin_text_width(void);

/* Starts $PAGER (`less -R`) when standard output is a terminal; else, or when it cannot be started,
 * *out is standard output. */
struct poplin_pager {
    FILE *out;
    int process; /* 0: none */
};
void poplin_pager_open(struct poplin_pager *p);
/* Waits for it. False: standard output could not be written; a pager that was left is no failure.
 */
bool poplin_pager_close(struct poplin_pager *p);

#endif
