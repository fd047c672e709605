#include "mime/mime_date_word.h"

enum {
    WORD_SIZE = 16, /* what is longer is compared by its beginning */
    DAY_NAME = 3,
};

static const char month_names[12][4] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};

/* Beginnings of names in the languages that mail programs have written dates in. */
static const struct {
    char begin[8];
    uint8_t month;
} months[] = {
    {"jan", 1},  {"jän", 1},  {"gen", 1},  {"ene", 1},  {"янв", 1},  {"feb", 2},  {"fév", 2},
    {"fev", 2},  {"фев", 2},  {"mar", 3},  {"mär", 3},  {"mrz", 3},  {"mrt", 3},  {"maa", 3},
    {"мар", 3},  {"apr", 4},  {"avr", 4},  {"abr", 4},  {"апр", 4},  {"may", 5},  {"mai", 5},
    {"mei", 5},  {"maj", 5},  {"mag", 5},  {"май", 5},  {"мая", 5},  {"jun", 6},  {"juin", 6},
    {"giu", 6},  {"июн", 6},  {"jul", 7},  {"juil", 7}, {"lug", 7},  {"июл", 7},  {"aug", 8},
    {"aoû", 8},  {"aou", 8},  {"ago", 8},  {"авг", 8},  {"sep", 9},  {"set", 9},  {"сен", 9},
    {"oct", 10}, {"okt", 10}, {"ott", 10}, {"out", 10}, {"окт", 10}, {"nov", 11}, {"ноя", 11},
    {"dec", 12}, {"déc", 12}, {"dez", 12}, {"dic", 12}, {"des", 12}, {"дек", 12},
};

static const struct {
    char name[6];
    int16_t minutes;
    bool is_standard;
} zones[] = {
    {"ut", 0, true},      {"gmt", 0, true},      {"est", -300, true},   {"edt", -240, true},
    {"cst", -360, true},  {"cdt", -300, true},   {"mst", -420, true},   {"mdt", -360, true},
    {"pst", -480, true},  {"pdt", -420, true},   {"z", 0, true},        {"utc", 0, false},
    {"wet", 0, false},    {"west", 60, false},   {"bst", 60, false},    {"met", 60, false},
    {"mez", 60, false},   {"mesz", 120, false},  {"mest", 120, false},  {"cet", 60, false},
    {"cest", 120, false}, {"sast", 120, false},  {"eet", 120, false},   {"eest", 180, false},
    {"msk", 180, false},  {"msd", 240, false},   {"ist", 330, false},   {"ict", 420, false},
    {"wib", 420, false},  {"hkt", 480, false},   {"sgt", 480, false},   {"myt", 480, false},
    {"awst", 480, false}, {"pht", 480, false},   {"jst", 540, false},   {"kst", 540, false},
    {"acst", 570, false}, {"aest", 600, false},  {"aedt", 660, false},  {"nzst", 720, false},
    {"nzdt", 780, false}, {"brt", -180, false},  {"art", -180, false},  {"ast", -240, false},
    {"adt", -180, false}, {"akst", -540, false}, {"akdt", -480, false}, {"hst", -600, false},
    {"nst", -210, false}, {"ndt", -150, false},
};

static const char full[7][10] = {"monday", "tuesday",  "wednesday", "thursday",
                                 "friday", "saturday", "sunday"};

static const struct {
    char sign[10];
    enum mime_date_kind kind;
} signs[] = {
    {"am", MIME_DATE_BEFORE_NOON},   {"a.m.", MIME_DATE_BEFORE_NOON},
    {"pm", MIME_DATE_AFTER_NOON},    {"上午", MIME_DATE_BEFORE_NOON},
    {"午前", MIME_DATE_BEFORE_NOON}, {"오전", MIME_DATE_BEFORE_NOON},
    {"下午", MIME_DATE_AFTER_NOON},  {"午後", MIME_DATE_AFTER_NOON},
    {"오후", MIME_DATE_AFTER_NOON},  {"年", MIME_DATE_YEAR_SIGN},
    {"년", MIME_DATE_YEAR_SIGN},     {"月", MIME_DATE_MONTH_SIGN},
    {"월", MIME_DATE_MONTH_SIGN},    {"日", MIME_DATE_DAY_SIGN},
    {"일", MIME_DATE_DAY_SIGN},      {"号", MIME_DATE_DAY_SIGN},
    {"时", MIME_DATE_HOUR_SIGN},     {"時", MIME_DATE_HOUR_SIGN},
    {"点", MIME_DATE_HOUR_SIGN},     {"시", MIME_DATE_HOUR_SIGN},
    {"分", MIME_DATE_MINUTE_SIGN},   {"분", MIME_DATE_MINUTE_SIGN},
    {"秒", MIME_DATE_SECOND_SIGN},   {"초", MIME_DATE_SECOND_SIGN},
};

static struct mime_date_word found(enum mime_date_kind kind, int32_t value, bool is_standard)
{
    return (struct mime_date_word){kind, value, is_standard};
}

/* Of the many names few begin with the word's first octet: only these are looked at. */
static bool may_be(const char *name, struct slice w)
{
    return w.size > 0 && name[0] == w.data[0];
}

/* Days in full too, but "Month" and "Saturn" are none. */
static bool is_day_name(struct slice w)
{
    for (size_t i = 0; i < 7; i++) {
        if (w.size >= 3 && may_be(full[i], w) && slice_starts(slice_str(full[i]), w))
            return true;
    }
    return false;
}

/* The names of RFC 5322 3.3, which most dates have; the longer tables give the same for them. */
static struct mime_date_word find_standard(struct slice w)
{
    for (int32_t month = 1; month <= 12 && w.size == DAY_NAME; month++) {
        if (memcmp(w.data, month_names[month - 1], DAY_NAME) == 0)
            return found(MIME_DATE_MONTH, month, true);
    }
    for (size_t i = 0; i < 7 && w.size == DAY_NAME; i++) {
        if (memcmp(w.data, full[i], DAY_NAME) == 0)
            return found(MIME_DATE_DAY_NAME, 0, true);
    }
    return found(MIME_DATE_OTHER, 0, false);
}

static struct mime_date_word find_zone(struct slice w)
{
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (may_be(zones[i].name, w) && slice_equal(w, slice_str(zones[i].name)))
            return found(MIME_DATE_ZONE, zones[i].minutes, zones[i].is_standard);
    }
    bool is_letter = w.size == 1 && w.data[0] >= 'a' && w.data[0] <= 'y' && w.data[0] != 'j';
    return found(is_letter ? MIME_DATE_ZONE_UNKNOWN : MIME_DATE_OTHER, 0, is_letter);
}

static struct mime_date_word find_month(struct slice w)
{
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        if (may_be(months[i].begin, w) && slice_starts(w, slice_str(months[i].begin))) {
            bool is_standard = slice_equal(w, slice_str(month_names[months[i].month - 1]));
            return found(MIME_DATE_MONTH, months[i].month, is_standard);
        }
    }
    return found(MIME_DATE_OTHER, 0, false);
}

struct mime_date_word mime_date_word(struct slice text)
{
    char lower[WORD_SIZE] = {0};
    struct slice w = slice_of(lower, text.size < WORD_SIZE ? text.size : WORD_SIZE);
    for (size_t i = 0; i < w.size; i++) {
        char c = text.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    struct mime_date_word standard = find_standard(w);
    if (standard.kind != MIME_DATE_OTHER)
        return standard;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (may_be(signs[i].sign, w) && slice_equal(w, slice_str(signs[i].sign)))
            return found(signs[i].kind, 0, false);
    }
    if (is_day_name(w))
        return found(MIME_DATE_DAY_NAME, 0, w.size == DAY_NAME);
    struct mime_date_word zone = find_zone(w);
    return zone.kind != MIME_DATE_OTHER ? zone : find_month(w);
}
