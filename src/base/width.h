/* width: UTF-8 text in columns of a terminal, whatever the locale is: Chinese, Japanese and Korean
 * characters take two columns, combining marks none. */
#ifndef POPLIN_BASE_WIDTH_H
#define POPLIN_BASE_WIDTH_H

#include "base/buf.h"

/* Takes the character at the front of *text. Returns its octets and sets its code point; octets
 * that are no UTF-8 are one character each, with the point UINT32_MAX. *text must not be empty. */
size_t width_next_point(struct slice *text, uint32_t *point);

/* Columns of a code point: 0, 1 or 2. Control characters count as 1. */
unsigned width_of_point(uint32_t point);

/* True: it may be shown as it is: no control, direction or zero-width control character. */
bool width_is_visible(uint32_t point);

/* Appends text for a cell of `columns` columns: what may not be shown is U+FFFD, what does not fit
 * is cut with `…`. `padded`: blanks fill the rest. Returns the columns used. */
size_t width_put_cell(struct buf *out, struct slice text, size_t columns, bool padded);

#endif
