#include "mime/mime_date.h"

#include "mime/mime_date_token.h"

enum { TOKENS_MAX = 40, LOOK_AHEAD = 8, SHAPE_MAX = 12 };

struct date_reader {
    struct mime_date_token tokens[TOKENS_MAX + LOOK_AHEAD]; /* the last are END */
    uint32_t count, at;
    int32_t year, month, day; /* 0: not met */
    int32_t hour, minute, second;
    bool has_year, has_time, has_zone_number, is_zone_known;
    bool is_forenoon, is_afternoon;
    int32_t zone;
    char shape[SHAPE_MAX + 1]; /* what was met in its order: to know RFC 5322's */
    size_t shape_size;
};

static const struct mime_date_token *ahead(const struct date_reader *r, uint32_t n)
{
    return &r->tokens[r->at + n];
}

static bool is_mark(const struct mime_date_token *t, char c)
{
    return t->kind == MIME_DATE_MARK && t->text.data[0] == c;
}

static bool is_number(const struct mime_date_token *t, size_t digits_min, size_t digits_max)
{
    return t->kind == MIME_DATE_NUMBER && t->text.size >= digits_min && t->text.size <= digits_max;
}

static bool touch(const struct mime_date_token *a, const struct mime_date_token *b)
{
    return a->text.data + a->text.size == b->text.data;
}

/* ---- what they mean ---- */

static void note(struct date_reader *r, char what)
{
    if (r->shape_size < SHAPE_MAX)
        r->shape[r->shape_size++] = what;
}

/* [RFC 5322 4.3]: two digits are of 1950 to 2049, three count from 1900. */
static void set_year(struct date_reader *r, const struct mime_date_token *t)
{
    uint64_t y = t->number > 9999 ? 9999 : t->number;
    if (t->text.size < 3)
        y += y < 50 ? 2000 : 1900;
    else if (t->text.size == 3)
        y += 1900;
    r->year = (int32_t)y;
    r->has_year = true;
}

static void set_time(struct date_reader *r, uint64_t hour, uint64_t minute, uint64_t second)
{
    if (hour > 24 || minute > 59 || second > 61) {
        note(r, 'x');
        return;
    }
    r->hour = (int32_t)hour;
    r->minute = (int32_t)minute;
    r->second = (int32_t)second;
    r->has_time = true;
}

static bool set_date(struct date_reader *r, const struct mime_date_token *y, uint64_t month,
                     uint64_t day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    set_year(r, y);
    r->month = (int32_t)month;
    r->day = (int32_t)day;
    note(r, 'x');
    return true;
}

/* 12:34[:56[.789]] */
static bool take_time(struct date_reader *r)
{
    const struct mime_date_token *hour = ahead(r, 0), *minute = ahead(r, 2), *second = ahead(r, 4);
    if (r->has_time || !is_mark(ahead(r, 1), ':') || !is_number(hour, 1, 2) ||
        !is_number(minute, 1, 2))
        return false;
    note(r, hour->text.size == 2 && minute->text.size == 2 ? 't' : 'x');
    r->at += 3;
    bool has_second = is_mark(ahead(r, 0), ':') && is_number(second, 1, 2);
    set_time(r, hour->number, minute->number, has_second ? second->number : 0);
    r->at += has_second ? 2 : 0;
    const struct mime_date_token *point = ahead(r, 0), *fraction = ahead(r, 1);
    if (has_second && (is_mark(point, '.') || is_mark(point, ',')) &&
        is_number(fraction, 1, SIZE_MAX) && touch(point, fraction)) {
        note(r, 'x');
        r->at += 2;
    }
    return true;
}

/* 12.34[.56], once there is a date that the numbers cannot be of. */
static bool take_dotted_time(struct date_reader *r)
{
    const struct mime_date_token *hour = ahead(r, 0), *minute = ahead(r, 2), *second = ahead(r, 4);
    if (r->has_time || !r->has_year || !is_mark(ahead(r, 1), '.') || !is_number(hour, 1, 2) ||
        !is_number(minute, 2, 2) || !touch(ahead(r, 1), minute))
        return false;
    bool has_second = is_mark(ahead(r, 3), '.') && is_number(second, 2, 2);
    set_time(r, hour->number, minute->number, has_second ? second->number : 0);
    note(r, 'x');
    r->at += has_second ? 5 : 3;
    return true;
}

static bool is_year(const struct mime_date_token *t)
{
    return t->text.size >= 3 || t->number > 31;
}

/* 2026-11-25, 25-Nov-2026, 11/25/2026, 25.11.2026 */
static bool take_joined_date(struct date_reader *r)
{
    const struct mime_date_token *a = ahead(r, 0), *b = ahead(r, 2), *c = ahead(r, 4);
    bool is_named = b->kind == MIME_DATE_WORD && b->word.kind == MIME_DATE_MONTH;
    if (r->has_year || ahead(r, 1)->kind != MIME_DATE_MARK ||
        !strchr("-/.", *ahead(r, 1)->text.data) || !is_mark(ahead(r, 3), *ahead(r, 1)->text.data) ||
        !is_number(a, 1, 4) || !is_number(c, 1, 4) || !(is_named || is_number(b, 1, 2)))
        return false;
    uint64_t month = is_named ? (uint64_t)b->word.value : b->number;
    bool is_american = !is_named && is_mark(ahead(r, 1), '/') && a->number <= 12;
    bool done = is_year(a)                                 ? set_date(r, a, month, c->number)
                : (is_american || month > 12) && !is_named ? set_date(r, c, a->number, b->number)
                                                           : set_date(r, c, month, a->number);
    r->at += done ? 5 : 0;
    return done;
}

/* 20261125, 20261125153000, 153000 behind a T */
static bool take_packed(struct date_reader *r)
{
    const struct mime_date_token *t = ahead(r, 0);
    size_t n = t->text.size;
    uint64_t date = n == 14 ? t->number / 1000000 : t->number, time = t->number % 1000000;
    bool is_time = n == 6 && r->has_year && !r->has_time;
    if (!is_time && (r->has_year || (n != 8 && n != 14)))
        return false;
    if (!is_time) {
        struct mime_date_token year = {.text = slice_take(t->text, 4), .number = date / 10000};
        if (!set_date(r, &year, date / 100 % 100, date % 100))
            return false;
    }
    if (n != 8)
        set_time(r, time / 10000, time / 100 % 100, time % 100);
    note(r, 'x');
    r->at++;
    return true;
}

static bool take_signed(struct date_reader *r)
{
    const struct mime_date_token *t = ahead(r, 0), *sign = ahead(r, 1);
    if (sign->kind != MIME_DATE_WORD || t->text.size > 4)
        return false;
    int32_t n = (int32_t)t->number;
    switch (sign->word.kind) {
    case MIME_DATE_YEAR_SIGN:
        set_year(r, t);
        break;
    case MIME_DATE_MONTH_SIGN:
        r->month = n;
        break;
    case MIME_DATE_DAY_SIGN:
        r->day = n;
        break;
    case MIME_DATE_HOUR_SIGN:
        set_time(r, t->number, 0, 0);
        break;
    case MIME_DATE_MINUTE_SIGN:
        set_time(r, (uint64_t)r->hour, t->number, 0);
        break;
    case MIME_DATE_SECOND_SIGN:
        set_time(r, (uint64_t)r->hour, (uint64_t)r->minute, t->number);
        break;
    default:
        return false;
    }
    note(r, 'x');
    r->at += 2;
    return true;
}

static void set_zone_number(struct date_reader *r, const struct mime_date_token *t, bool is_west)
{
    uint64_t n = t->number, minutes = t->text.size <= 2 ? n * 60 : n / 100 * 60 + n % 100;
    bool has_colon = t->text.size <= 2 && is_mark(ahead(r, 1), ':') && is_number(ahead(r, 2), 2, 2);
    if (has_colon)
        minutes += ahead(r, 2)->number;
    note(r, t->text.size == 4 ? 'z' : 'x');
    r->at += has_colon ? 3 : 1;
    if (t->text.size > 4 || minutes >= 24 * 60)
        return;
    r->zone = is_west ? -(int32_t)minutes : (int32_t)minutes;
    r->is_zone_known = !(is_west && minutes == 0);
    r->has_zone_number = true;
}

/* "15:30:45 0800": the last of all, behind a time. */
static bool has_lost_sign(const struct date_reader *r)
{
    const struct mime_date_token *t = ahead(r, 0);
    return r->has_time && !r->has_zone_number && !r->is_zone_known && t->text.size == 4 &&
           t->text.data[0] <= '1' && r->at == r->count - 1 && t[-1].kind == MIME_DATE_NUMBER;
}

/* What stands alone: a day, a year, or a zone whose sign was lost. */
static void take_lone_number(struct date_reader *r)
{
    const struct mime_date_token *t = ahead(r, 0);
    if (r->day == 0 && t->text.size <= 2 && t->number >= 1 && t->number <= 31) {
        r->day = (int32_t)t->number;
        note(r, 'd');
    } else if (!r->has_year && t->text.size >= 2 && t->text.size <= 5) {
        set_year(r, t);
        note(r, 'y');
    } else {
        note(r, 'x');
        if (has_lost_sign(r)) {
            set_zone_number(r, t, false);
            return;
        }
    }
    r->at++;
}

static void take_number(struct date_reader *r)
{
    if (!take_time(r) && !take_signed(r) && !take_joined_date(r) && !take_dotted_time(r) &&
        !take_packed(r))
        take_lone_number(r);
}

/* "3:30 PM" and "下午3:30" alike: the word may stand before the time. */
static int32_t hour_of(const struct date_reader *r)
{
    if (r->is_afternoon && r->hour < 12)
        return r->hour + 12;
    return r->is_forenoon && r->hour == 12 ? 0 : r->hour;
}

static void take_zone_name(struct date_reader *r, const struct mime_date_word *w)
{
    if (!r->has_time || r->has_zone_number) {
        note(r, 'x');
        return;
    }
    r->zone = w->value;
    r->is_zone_known = w->kind == MIME_DATE_ZONE;
    note(r, w->is_standard ? 'z' : 'x');
}

static void take_word(struct date_reader *r)
{
    const struct mime_date_word *w = &ahead(r, 0)->word;
    r->at++;
    switch (w->kind) {
    case MIME_DATE_DAY_NAME:
        note(r, w->is_standard ? 'w' : 'x');
        break;
    case MIME_DATE_MONTH: /* of two the second: "mar" is a day in some languages */
        note(r, w->is_standard ? 'm' : 'x');
        r->month = r->has_year && r->month ? r->month : w->value;
        break;
    case MIME_DATE_ZONE:
    case MIME_DATE_ZONE_UNKNOWN:
        take_zone_name(r, w);
        break;
    case MIME_DATE_BEFORE_NOON:
    case MIME_DATE_AFTER_NOON:
        r->is_afternoon = w->kind == MIME_DATE_AFTER_NOON;
        r->is_forenoon = !r->is_afternoon;
        note(r, 'x');
        break;
    default:
        note(r, 'x');
    }
}

static void take_mark(struct date_reader *r)
{
    const struct mime_date_token *sign = ahead(r, 0), *number = ahead(r, 1);
    bool is_zone = (is_mark(sign, '+') || is_mark(sign, '-')) && r->has_time &&
                   number->kind == MIME_DATE_NUMBER && !r->has_zone_number;
    r->at++;
    if (is_zone)
        set_zone_number(r, number, is_mark(sign, '-'));
    else
        note(r, is_mark(sign, ',') ? ',' : 'x');
}

/* ---- seconds ---- */

/* Days since 1970-01-01 in the calendar of Gregory, in years that begin in March. */
static int64_t days_of(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool is_standard(const struct date_reader *r)
{
    struct slice shape = slice_of(r->shape, r->shape_size);
    return slice_equal(shape, SLICE("w,dmytz")) || slice_equal(shape, SLICE("dmytz"));
}

/* `1795620600`: seconds alone, as programs write them that do not know better. */
static bool is_bare_seconds(const struct date_reader *r)
{
    return r->count == 1 && is_number(r->tokens, 9, 10);
}

bool mime_date_parse(struct slice value, struct mime_date *out)
{
    struct date_reader r = {.count = 0};
    r.count = mime_date_tokens(value, r.tokens, TOKENS_MAX);
    if (is_bare_seconds(&r)) {
        *out = (struct mime_date){.seconds = (int64_t)r.tokens[0].number, .is_broken = true};
        return true;
    }
    while (r.at < r.count) {
        if (ahead(&r, 0)->kind == MIME_DATE_NUMBER)
            take_number(&r);
        else if (ahead(&r, 0)->kind == MIME_DATE_WORD)
            take_word(&r);
        else
            take_mark(&r);
    }
    if (!r.has_year || r.month < 1 || r.month > 12 || r.day < 1 || r.day > 31)
        return false;
    int64_t day = days_of(r.year, r.month, r.day);
    int64_t minutes = (day * 24 + hour_of(&r)) * 60 + r.minute - r.zone;
    *out = (struct mime_date){.seconds = minutes * 60 + r.second,
                              .zone_minutes = r.zone,
                              .has_zone = r.is_zone_known,
                              .is_broken = !is_standard(&r)};
    return true;
}
