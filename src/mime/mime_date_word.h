/* mime_date_word: the words of a date: months, days, zones. mime_date's own. */
#ifndef POPLIN_MIME_DATE_WORD_H
#define POPLIN_MIME_DATE_WORD_H

#include "base/slice.h"

enum mime_date_kind {
    MIME_DATE_OTHER, /* says nothing: "at", "th", a day in another language */
    MIME_DATE_DAY_NAME,
    MIME_DATE_MONTH,
    MIME_DATE_ZONE,
    MIME_DATE_ZONE_UNKNOWN, /* the letters of the military [RFC 5322 4.3]: -0000 */
    MIME_DATE_BEFORE_NOON,
    MIME_DATE_AFTER_NOON,
    MIME_DATE_YEAR_SIGN, /* behind a number: it is the year */
    MIME_DATE_MONTH_SIGN,
    MIME_DATE_DAY_SIGN,
    MIME_DATE_HOUR_SIGN,
    MIME_DATE_MINUTE_SIGN,
    MIME_DATE_SECOND_SIGN,
};

struct mime_date_word {
    enum mime_date_kind kind;
    int32_t value;    /* MONTH: 1 to 12; ZONE: minutes east of UTC */
    bool is_standard; /* RFC 5322 has this word in a date */
};

struct mime_date_word mime_date_word(struct slice text);

#endif
