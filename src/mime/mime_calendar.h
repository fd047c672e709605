/* mime_calendar: an invitation [RFC 5545, 5546] as one line:
 * "Invitation: Board meeting, 2026-12-01 10:00 UTC, Room 4". */
#ifndef POPLIN_MIME_CALENDAR_H
#define POPLIN_MIME_CALENDAR_H

#include "base/buf.h"

enum { MIME_CALENDAR_TEXT = 300 }; /* octets of a summary and of a place at most */

/* Appends the line of the first event (task, note) of a calendar in UTF-8, without a line end; what
 * does not fit is left out. False: there is no event. */
bool mime_calendar_line(struct slice calendar, struct buf *out);

#endif
