#include "mime/mime_calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char memory[1024];

static void is(const char *calendar, const char *wanted)
{
    struct buf b = buf_over(memory, sizeof memory - 1);
    assert_true(mime_calendar_line(slice_str(calendar), &b));
    memory[b.size] = '\0';
    assert_string_equal(memory, wanted);
}

#define ZONE                                                                                       \
    "BEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nEND:STANDARD\r\n"   \
    "END:VTIMEZONE\r\n"

static void an_invitation_is_one_line(void **state)
{
    is("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" ZONE
       "BEGIN:VEVENT\r\nDTSTART:20261201T100000Z\r\nSUMMARY:Board\r\nLOCATION:Room 4\r\n"
       "BEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
       "Invitation: Board, 2026-12-01 10:00 UTC, Room 4");
}

static void times_have_their_zone_and_days_have_none(void **state)
{
    is("BEGIN:VEVENT\nDTSTART;TZID=\"Europe/Berlin\";X=1:20261201T100000\nSUMMARY:a\nEND:VEVENT",
       "Event: a, 2026-12-01 10:00 Europe/Berlin");
    is("METHOD:CANCEL\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nSUMMARY:a\nEND:VEVENT",
       "Cancelled: a, 2026-12-01");
    is("BEGIN:VTODO\nDUE:20261201T1000\nSUMMARY:a\nEND:VTODO", "Task: a, 2026-12-01 10:00");
    is("BEGIN:VTODO\nDUE:tomorrow\nSUMMARY:a\nEND:VTODO", "Task: a, tomorrow");
}

static void rfc5545_3_1_lines_are_unfolded_and_escapes_undone(void **state)
{
    is("BEGIN:VEVENT\r\nSUMM\r\n ARY;LANGUAGE=\"d:e\":A\\, b\\n c\\\\ \303\r\n \244\r\nEND:VEVENT",
       "Event: A, b  c\\ \303\244");
}

static void what_has_no_title_says_so(void **state)
{
    is("BEGIN:VEVENT\nEND:VEVENT\n", "Event: (without a title)");
    struct buf b = buf_over(memory, sizeof memory);
    assert_false(mime_calendar_line(SLICE("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), &b));
    assert_false(mime_calendar_line(SLICE(""), &b));
    assert_int_equal(b.size, 0);
}

static void long_values_are_cut_at_a_character(void **state)
{
    static char text[8192];
    struct buf b = buf_over(text, sizeof text);
    buf_put_str(&b, "BEGIN:VEVENT\nSUMMARY:x");
    for (size_t i = 0; i < 1000; i++)
        buf_put_str(&b, "\346\274\242");
    buf_put_str(&b, "\nEND:VEVENT\n");
    struct buf out = buf_over(memory, sizeof memory);
    assert_true(mime_calendar_line(buf_slice(&b), &out));
    assert_int_equal(out.size, strlen("Event: x") + (MIME_CALENDAR_TEXT - 1) / 3 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invitation_is_one_line),
        cmocka_unit_test(times_have_their_zone_and_days_have_none),
        cmocka_unit_test(rfc5545_3_1_lines_are_unfolded_and_escapes_undone),
        cmocka_unit_test(what_has_no_title_says_so),
        cmocka_unit_test(long_values_are_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
