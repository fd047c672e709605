#include "mime/mime_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

enum { NO_ZONE = 10000 }; /* none was said, or -0000 */

struct form {
    const char *value;
    int64_t seconds;
    int32_t zone;
};

/* 2026-11-25 15:30:45 in UTC. */
#define NOON_ISH INT64_C(1795620645)

static void check(const struct form *forms, size_t count, bool is_broken)
{
    for (size_t i = 0; i < count; i++) {
        struct mime_date d = {.seconds = -1};
        bool found = mime_date_parse(slice_str(forms[i].value), &d);
        int32_t zone = forms[i].zone == NO_ZONE ? 0 : forms[i].zone;
        bool has_zone = forms[i].zone != NO_ZONE;
        if (!found || d.seconds != forms[i].seconds || d.zone_minutes != zone ||
            d.has_zone != has_zone || d.is_broken != is_broken)
            fail_msg("%s: %d %lld %d %d %d", forms[i].value, found, (long long)d.seconds,
                     d.zone_minutes, d.has_zone, d.is_broken);
    }
}

#define CHECK(forms, is_broken) check(forms, sizeof forms / sizeof *forms, is_broken)

static void rfc5322_3_3_dates_are_read(void **state)
{
    static const struct form forms[] = {
        {"Wed, 25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 23:30:45 +0800", NOON_ISH, 480},
        {"25 Nov 2026 10:30:45 -0500", NOON_ISH, -300},
        {"Wed,  25   Nov 2026\r\n 15:30:45\t+0000", NOON_ISH, 0},
        {"Wed,25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"wed, 25 NOV 2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 15:30:45 -0000", NOON_ISH, NO_ZONE},
        {"Wed, 25 Nov 2026 21:00:45 +0530 (IST)", NOON_ISH, 330},
        {"Wed, 25 Nov 2026 15:30 +0000", NOON_ISH - 45, 0},
        {"Thu, 1 Jan 1970 00:00:00 +0000", 0, 0},
        {"Wed, 31 Dec 1969 23:59:59 +0000", -1, 0},
        {"Tue, 29 Feb 2000 12:00:00 +0000", 951825600, 0},
        {"Tue, 19 Jan 2038 03:14:08 +0000", INT64_C(2147483648), 0},
        {"Mon, 1 Mar 2100 00:00:00 +0000", INT64_C(4107542400), 0},
    };
    CHECK(forms, false);
}

static void rfc5322_4_3_obsolete_dates_are_read(void **state)
{
    static const struct form forms[] = {
        {"Wed, 25 Nov 26 15:30:45 GMT", NOON_ISH, 0},
        {"Wed, 25 Nov 126 15:30:45 UT", NOON_ISH, 0},
        {"25 Nov 26 10:30:45 EST", NOON_ISH, -300},
        {"25 Nov 26 11:30:45 EDT", NOON_ISH, -240},
        {"25 Nov 26 09:30:45 cst", NOON_ISH, -360},
        {"25 Nov 26 10:30:45 CDT", NOON_ISH, -300},
        {"25 Nov 26 08:30:45 MST", NOON_ISH, -420},
        {"25 Nov 26 09:30:45 MDT", NOON_ISH, -360},
        {"25 Nov 26 07:30:45 PST", NOON_ISH, -480},
        {"25 Nov 26 08:30:45 PDT", NOON_ISH, -420},
        {"25 Nov 26 15:30:45 Z", NOON_ISH, 0},
        {"25 Nov 26 15:30:45 A", NOON_ISH, NO_ZONE},
        {"Fri, 21 Nov 97 09(comment):   55  :  06 -0600", 880127706, -360},
        {"Fri (a (nested) one), 21 Nov 1997 09:55:06 -0600", 880127706, -360},
        {"1 Jan 50 00:00:00 GMT", -631152000, 0},
        {"1 Jan 49 00:00:00 GMT", INT64_C(2493072000), 0},
    };
    CHECK(forms, false);
}

static void broken_order_and_marks_are_read(void **state)
{
    static const struct form forms[] = {
        {"Wed Nov 25 15:30:45 2026", NOON_ISH, NO_ZONE},
        {"Wed Nov 25 15:30:45 GMT 2026", NOON_ISH, 0},
        {"Wed Nov 25 10:30:45 EST 2026", NOON_ISH, -300},
        {"Wed Nov 25 15:30:45 2026 +0000", NOON_ISH, 0},
        {"Wed Nov 25 23:30:45 +0800 2026", NOON_ISH, 480},
        {"Wednesday, November 25, 2026 3:30:45 PM", NOON_ISH, NO_ZONE},
        {"November 25, 2026 15:30:45", NOON_ISH, NO_ZONE},
        {"Wed 25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov, 2026 15:30:45 +0000", NOON_ISH, 0},
        {", 25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25-Nov-2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25-Nov-26 15:30:45 GMT", NOON_ISH, 0},
        {"25/Nov/2026 15:30:45 +0000", NOON_ISH, 0},
        {"Wed, 25th Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"2026 Nov 25 15:30:45", NOON_ISH, NO_ZONE},
        {"15:30:45 25 Nov 2026 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 15.30.45 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 15:30:45.123 +0000", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 5:30:45 -1000", NOON_ISH, -600},
        {"\"Wed, 25 Nov 2026 15:30:45 +0000\"", NOON_ISH, 0},
        {"Date: Wed, 25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
    };
    CHECK(forms, true);
}

static void dates_of_numbers_are_read(void **state)
{
    static const struct form forms[] = {
        {"2026-11-25 15:30:45", NOON_ISH, NO_ZONE},
        {"2026-11-25T15:30:45Z", NOON_ISH, 0},
        {"2026-11-25T23:30:45+08:00", NOON_ISH, 480},
        {"2026-11-25T10:30:45.000-05:00", NOON_ISH, -300},
        {"2026-11-25 23:30:45 +0800", NOON_ISH, 480},
        {"2026/11/25 15:30:45", NOON_ISH, NO_ZONE},
        {"2026.11.25 15:30:45", NOON_ISH, NO_ZONE},
        {"11/25/2026 15:30:45", NOON_ISH, NO_ZONE},
        {"25/11/2026 15:30:45", NOON_ISH, NO_ZONE},
        {"11/25/2026 3:30:45 PM", NOON_ISH, NO_ZONE},
        {"25.11.2026 15:30:45", NOON_ISH, NO_ZONE},
        {"25-11-2026 15:30:45", NOON_ISH, NO_ZONE},
        {"25.11.26 15:30:45", NOON_ISH, NO_ZONE},
        {"20261125T153045Z", NOON_ISH, 0},
        {"20261125153045", NOON_ISH, NO_ZONE},
        {"2026-11-25", NOON_ISH - 55845, NO_ZONE},
        {"1795620645", NOON_ISH, NO_ZONE},
    };
    CHECK(forms, true);
}

static void zones_as_mail_writes_them_are_read(void **state)
{
    static const struct form forms[] = {
        {"Wed, 25 Nov 2026 15:30:45", NOON_ISH, NO_ZONE},
        {"Wed, 25 Nov 2026 15:30:45 UTC", NOON_ISH, 0},
        {"Wed, 25 Nov 2026 16:30:45 CET", NOON_ISH, 60},
        {"Wed, 25 Nov 2026 17:30:45 CEST", NOON_ISH, 120},
        {"Wed, 25 Nov 2026 18:30:45 MSK", NOON_ISH, 180},
        {"Thu, 26 Nov 2026 00:30:45 JST", NOON_ISH, 540},
        {"Wed, 25 Nov 2026 23:30:45 GMT+0800", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 GMT+08:00", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 UTC+8", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 +08:00", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 +800", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 +8", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 0800", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 23:30:45 +0800 CST", NOON_ISH, 480},
        {"Wed, 25 Nov 2026 15:30:45 H0500", NOON_ISH, NO_ZONE},
        {"Wed, 25 Nov 2026 15:30:45 Somewhere", NOON_ISH, NO_ZONE},
    };
    CHECK(forms, true);
    static const struct form too_far[] = {{"25 Nov 2026 15:30:45 +9900", NOON_ISH, NO_ZONE}};
    CHECK(too_far, false);
}

static void other_languages_are_read(void **state)
{
    static const struct form forms[] = {
        {"Mi, 25 Nov 2026 15:30:45 +0000", NOON_ISH, 0},
        {"mer., 25 nov. 2026 15:30:45 +0000", NOON_ISH, 0},
        {"Mittwoch, 25. November 2026 15:30:45", NOON_ISH, NO_ZONE},
        {"ср, 25 ноя 2026 15:30:45 +0000", NOON_ISH, 0},
        {"2026年11月25日 15:30:45", NOON_ISH, NO_ZONE},
        {"2026年11月25日(水) 15時30分45秒", NOON_ISH, NO_ZONE},
        {"2026년 11월 25일 15:30:45", NOON_ISH, NO_ZONE},
        {"mar, 24 nov 2026 15:30:45 +0000", NOON_ISH - 86400, 0},
        {"lun, 14 déc 2026 15:30:45 +0000", NOON_ISH + 19 * 86400, 0},
        {"Fr, 25 Dez 2026 15:30:45 +0000", NOON_ISH + 30 * 86400, 0},
        {"Di., 25 Aug 2026 15:30:45 +0000", NOON_ISH - 92 * 86400, 0},
        {"mié, 25 ago 2026 15:30:45 +0000", NOON_ISH - 92 * 86400, 0},
    };
    CHECK(forms, true);
}

static void a_leap_second_is_the_next_minute(void **state)
{
    static const struct form forms[] = {
        {"Sat, 31 Dec 2016 23:59:60 +0000", 1483228800, 0},
        {"Thu, 31 Dec 1998 24:00:00 +0000", 915148800, 0},
    };
    CHECK(forms, false);
}

static void noon_and_midnight_have_their_halves(void **state)
{
    static const struct form forms[] = {
        {"25 Nov 2026 12:00:00 AM", NOON_ISH - 55845, NO_ZONE},
        {"25 Nov 2026 12:00:00 PM", NOON_ISH - 12645, NO_ZONE},
        {"2026年11月25日 下午3:30:45", NOON_ISH, NO_ZONE},
    };
    CHECK(forms, true);
}

static void what_is_no_date_is_none(void **state)
{
    static const char *const values[] = {
        "",
        " ",
        "()",
        "now",
        "Wed",
        "Nov",
        "15:30:45",
        "25 Nov",
        "Wed, 25 2026",
        "32 Nov 2026",
        "00/00/0000",
        "(25 Nov 2026 15:30:45",
        "+0800",
        "-",
        "99999999999",
        "Thu, 00 Jan 2026 00:00:00",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct mime_date d;
        if (mime_date_parse(slice_str(values[i]), &d))
            fail_msg("%s is no date: %lld", values[i], (long long)d.seconds);
    }
}

/* Read or not: nothing overflows, which the sanitizers watch. */
static void a71_years_and_zones_beyond_measure_are_defined(void **state)
{
    static const char *const values[] = {
        "Wed, 25 Nov 99999999 15:30:45 +0000",     "Wed, 25 Nov 2147483648 15:30:45 +0000",
        "25 Nov 18446744073709551616 15:30 +0000", "Wed, 25 Nov 2026 99:99:99 +9999",
        "Wed, 25 Nov 2026 15:30:45 -9999",         "Wed, 25 Nov 0 00:00:00 +99999999999999999999",
        "99999999999999999999-99-99T99:99:99Z",    "\rWed,\r25\rNov\r2026\r15:30:45\r-0000\r",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct mime_date d = {0};
        if (mime_date_parse(slice_str(values[i]), &d)) {
            assert_in_range(d.zone_minutes + 24 * 60, 0, 48 * 60);
            assert_true(d.seconds > -INT64_C(1000000000000) && d.seconds < INT64_C(1000000000000));
        }
    }
}

static void a_day_that_its_month_does_not_have_is_of_the_next(void **state)
{
    static const struct form forms[] = {{"31 Nov 2026 15:30:45 GMT", NOON_ISH + 6 * 86400, 0}};
    CHECK(forms, false);
}

/* 1950 to 2049 day by day: each is one day after the last. */
static void every_day_of_a_century_follows_the_last(void **state)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t expected = -631152000;
    for (int year = 1950; year < 2050; year++) {
        for (int month = 0; month < 12; month++) {
            int count = days[month] + (month == 1 && year % 4 == 0 ? 1 : 0);
            for (int day = 1; day <= count; day++, expected += 86400) {
                char text[64];
                struct mime_date d;
                int n = snprintf(text, sizeof text, "%d %s %02d 00:00:00 GMT", day, names[month],
                                 year % 100);
                assert_true(mime_date_parse(slice_of(text, (size_t)n), &d));
                assert_int_equal(d.seconds, expected);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5322_3_3_dates_are_read),
        cmocka_unit_test(rfc5322_4_3_obsolete_dates_are_read),
        cmocka_unit_test(broken_order_and_marks_are_read),
        cmocka_unit_test(dates_of_numbers_are_read),
        cmocka_unit_test(zones_as_mail_writes_them_are_read),
        cmocka_unit_test(other_languages_are_read),
        cmocka_unit_test(a_leap_second_is_the_next_minute),
        cmocka_unit_test(noon_and_midnight_have_their_halves),
        cmocka_unit_test(what_is_no_date_is_none),
        cmocka_unit_test(a71_years_and_zones_beyond_measure_are_defined),
        cmocka_unit_test(a_day_that_its_month_does_not_have_is_of_the_next),
        cmocka_unit_test(every_day_of_a_century_follows_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
