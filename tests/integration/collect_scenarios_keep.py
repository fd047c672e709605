"""What servers say that is not so, and what is kept whatever happens, one scenario a row: rules C06
to C09 and C20, C21. Its name begins with the rule's number.
"""
import os

from collect_case import (
    ALL, CONFIG, LOGIN, OK, PROTOCOL, TEMPORARY, Case, fetch, forget_state, pop, record_mail, rules)
from quirk import (
    BOX, FIRST, HALF, SECOND, THIRD, Script, close, delete_nothing, flood, on, ordinary, reset,
    rows, stall)

FOURTH = b"From: Dee <dee@example.org>\r\nSubject: late\r\n\r\nA late one.\r\n"
WITH_FOURTH = (*BOX, ("u-four", FOURTH))
NO_UIDL = on("^UIDL", "-ERR no such command")
NO_TOP = on("^TOP", "-ERR no such command")
SOFT = (OK, TEMPORARY)
NONE = "keep none"


def case(name, *steps, **options):
    return Case(name, steps, options)


def listed(name, pattern, *lines, exit=SOFT, again=True, **rest):
    """The reply to UIDL or LIST has these rows; all is fetched once, whatever they are."""
    def step():
        return fetch(rules(on(pattern, rows(*lines))), exit=exit, **rest)
    return case(name, step(), *((step(),) if again else ()))


def uidls(name, *lines, **rest):
    return listed(name, "^UIDL$", *lines, **rest)


def sizes(name, *lines, **rest):
    return listed(name, "^LIST$", *lines, **rest)


def stat(name, reply, exit=SOFT):
    return case(name, fetch(rules(on("^STAT", reply)), exit=exit), fetch())


def renamed(prefix):
    return tuple((f"{prefix}-{i}", data) for i, (_uidl, data) in enumerate(BOX))


C06 = [
    uidls("c06_rows_with_more_blanks", "1   u-one", "2\tu-two", "3 u-three  "),
    uidls("c06_rows_with_a_leading_blank", " 1 u-one", "  2 u-two", "3 u-three"),
    uidls("c06_rows_with_a_status", "+OK 1 u-one", "+OK 2 u-two", "+OK 3 u-three"),
    uidls("c06_a_row_is_missing", "1 u-one", "3 u-three"),
    uidls("c06_a_row_without_an_id", "1 u-one", "2", "3 u-three"),
    uidls("c06_a_row_with_an_empty_id", "1 u-one", "2 ", "3 u-three"),
    uidls("c06_no_rows_at_all"),
    uidls("c06_one_id_for_two", "1 u-one", "2 u-one", "3 u-three"),
    uidls("c06_one_id_for_all", "1 same", "2 same", "3 same"),
    uidls("c06_an_id_of_71_octets", "1 " + "i" * 71, "2 u-two", "3 u-three"),
    uidls("c06_an_id_of_900_octets", "1 " + "i" * 900, "2 u-two", "3 u-three"),
    uidls("c06_ids_with_text_behind", "1 abc and more", "2 u-two x", "3 u-three"),
    uidls("c06_ids_that_look_like_paths", "1 ../../../../tmp/evil", "2 /etc/passwd", "3 .."),
    uidls("c06_ids_of_quotes_and_percents", "1 '); drop table--", "2 %s%n%d", "3 \"\\"),
    case("c06_ids_of_any_octets",
         fetch(rules(on("^UIDL$", b"+OK\r\n1 \xff\x80\x01\r\n2 a\0b\r\n3 \x1b[2J\r\n.\r\n")),
               exit=SOFT)),
    uidls("c06_rows_in_another_order", "3 u-three", "1 u-one", "2 u-two"),
    uidls("c06_a_row_for_number_zero", "0 u-nil", "1 u-one", "2 u-two", "3 u-three"),
    uidls("c06_a_row_twice", "1 u-one", "1 u-one", "2 u-two", "3 u-three"),
    uidls("c06_a_number_with_two_ids", "1 u-one", "1 u-else", "2 u-two", "3 u-three"),
    uidls("c06_a_number_past_all", "1 u-one", "2 u-two", "3 u-three", "99999999999 u-far"),
    uidls("c06_a_number_of_33_bits", "4294967297 u-one", "2 u-two", "3 u-three"),
    uidls("c06_a_number_below_zero", "-1 u-minus", "1 u-one", "2 u-two", "3 u-three"),
    uidls("c06_numbers_that_are_none", "one u-one", "1 u-one", "2 u-two", "3 u-three"),
    sizes("c06_sizes_of_nothing", "1", "2", "3"),
    sizes("c06_sizes_of_zero", "1 0", "2 0", "3 0"),
    sizes("c06_sizes_that_are_no_numbers", "1 big", "2 -5", "3 1.5k"),
    sizes("c06_sizes_past_64_bits", "1 18446744073709551617", "2 110", "3 252"),
    sizes("c06_sizes_rounded", "1 1024", "2 1024", "3 1024", again=False),
    sizes("c06_sizes_are_missing"),
    case("c06_list_is_refused", fetch(rules(on("^LIST", "-ERR no")), exit=OK), fetch()),
    stat("c06_stat_says_nothing", "+OK"),
    stat("c06_stat_says_words", "+OK some mail"),
    stat("c06_stat_says_minus", "+OK -3 -503"),
    case("c06_stat_says_less", fetch(rules(on("^STAT", "+OK 2 251")), exit=SOFT, mail=None), fetch()),
    stat("c06_stat_says_more", "+OK 4 700"),
    stat("c06_stat_says_past_64_bits", "+OK 3 99999999999999999999999"),
    case("c06_without_uidl", fetch(rules(NO_UIDL)), fetch(rules(NO_UIDL)),
         fetch(rules(NO_UIDL), box=WITH_FOURTH, mail=(*ALL, FOURTH))),
    case("c06_without_uidl_and_top", fetch(rules(NO_UIDL, NO_TOP)), fetch(rules(NO_UIDL, NO_TOP)),
         fetch(rules(NO_UIDL, NO_TOP), box=WITH_FOURTH, mail=(*ALL, FOURTH))),
    case("c06_uidl_is_lost_for_a_while", fetch(), fetch(rules(NO_UIDL)), fetch()),
    case("c06_uidl_comes_later", fetch(rules(NO_UIDL)), fetch(), fetch()),
    case("c06_all_ids_change", fetch(), fetch(box=renamed("new")), fetch(box=renamed("newer"))),
    case("c06_all_ids_change_and_one_is_new", fetch(),
         fetch(box=(*renamed("new"), ("late", FOURTH)), mail=(*ALL, FOURTH))),
    case("c06_all_ids_change_without_top", fetch(), fetch(rules(NO_TOP), box=renamed("new"))),
    case("c06_an_old_id_for_a_new_message", fetch(),
         fetch(box=(BOX[0], BOX[1], ("u-three", FOURTH)), mail=(*ALL, FOURTH))),
    case("c06_two_messages_that_are_the_same",
         fetch(box=(("a", FIRST), ("b", FIRST)), mail=(FIRST, FIRST)),
         fetch(mail=(FIRST, FIRST))),
    case("c06_the_state_is_lost", fetch(), fetch(before=forget_state),
         fetch(box=WITH_FOURTH, mail=(*ALL, FOURTH))),
    case("c06_the_state_is_lost_and_one_is_new", fetch(),
         fetch(before=forget_state, box=WITH_FOURTH, mail=(*ALL, FOURTH))),
    case("c06_numbers_move", fetch(), fetch(box=(*BOX[1:], ("u-four", FOURTH)),
                                            mail=(*ALL, FOURTH))),
    case("c06_an_empty_maildrop", fetch(box=(), mail=()), fetch(mail=())),
]


def imported(server, collector):
    """As if fetchmail had seen all that is there."""
    ids = os.path.join(collector.folder, "ids")
    with open(ids, "w", encoding="utf-8") as file:
        file.writelines(f"{server.user}@localhost {uidl}\n" for uidl in server.uidls())
    done = collector.run("state", "import", "fetchmail", ids)
    assert done.exit == 0, done.text()


OF_ANOTHER = fetch(before=imported, mail=(), never="^RETR", must="^TOP 3 0", deepest=(2, 9))

IMPORTED = [
    case("c06_all_ids_change_after_an_import", OF_ANOTHER,
         fetch(mail=(), never="^(TOP|RETR)"),
         fetch(box=renamed("new"), mail=(), never="^RETR"),
         fetch(box=(*renamed("newer"), ("late", FOURTH)), mail=(FOURTH,), once="^RETR 4$"),
         fetch(settings="keep none", mail=(FOURTH,), left=("newer-0", "newer-1", "newer-2"))),
    case("c06_an_import_where_the_server_has_no_top",
         fetch(Script(capabilities=("UIDL",)), before=imported, mail=(), never="^(TOP|RETR)")),
    case("c06_an_import_where_top_is_refused",
         *(fetch(rules(NO_TOP, capabilities=("TOP", "UIDL")), before=before, mail=(), once="^TOP",
                 never="^RETR") for before in (imported, None))),
    case("c06_a_headers_message_is_refused_after_an_import",
         fetch(rules(on("^TOP 2", "-ERR locked")), before=imported, mail=(), never="^RETR"),
         fetch(mail=(), must="^TOP 2 0", never="^(RETR|TOP [13])")),
    case("c06_a_dry_run_after_an_import_asks_for_no_header",
         fetch(before=imported, mail=None, options=("--dry-run",), never="^(TOP|RETR)")),
]


def dated(date):
    return b"Received: from a by b; Sat, 1 Jan 2033 00:00:00 +0000\r\n" + date + b"\r\n\r\ntext\r\n"


OLD = dated(b"Date: Sun, 18 Jan 2026 06:59:59 -0030\r\nSubject: old")
NEW = dated(b"Subject: new\r\nDATE:\r\n Thu,\r\n 22 Jan 2026 00:00:00 +0000")
ANCIENT = dated(b"Date: 1 Feb 97 10:00 EST\r\nX: " + b"x" * 2000)
UNDATED = dated(b"Subject: a day\r\nX-Date: Mon, 1 Jan 2001 00:00:00 +0000")
NONSENSE = dated(b"Date: yesterday\r\nSubject: nonsense")
LATE = dated(b"Subject: far\r\nX: " + b"y" * 40000 + b"\r\nDate: Mon, 1 Jan 2001 00:00:00 +0000")
DATES = tuple((f"d{i}", data) for i, data in
              enumerate((OLD, NEW, ANCIENT, UNDATED, NONSENSE, LATE), 1))
SINCE = ("--since", "2026-01-20")
YOUNG = (NEW, UNDATED, NONSENSE, LATE)

SINCE_CASES = [
    case("c06_since_leaves_older_ones_there",
         fetch(box=DATES, options=SINCE, mail=YOUNG, never="^RETR [13]$", must="^TOP 6 0",
               deepest=(5, 20), shows='"skipped":2,"undated":3'),
         fetch(options=SINCE, mail=YOUNG, never="^(RETR|TOP [2456] )", must="^TOP 3 0"),
         fetch(options=("3",), mail=(*YOUNG, ANCIENT), never="^TOP"),
         fetch(mail=(*YOUNG, ANCIENT, OLD), never="^TOP")),
    case("c06_since_an_age",
         fetch(box=DATES, options=("--since", "7d"), mail=(UNDATED, NONSENSE, LATE)),
         fetch(options=("--since", "100000d"), exit=64, mail=None),
         fetch(options=("--since", "36500d"), exit=64, mail=None)),
    *(case(f"c06_since_refuses_{name}", fetch(options=("--since", when), exit=64, mail=(),
                                             never="^CAPA"))
      for name, when in (("a_word", "yesterday"), ("a_13th_month", "2026-13-01"),
                         ("a_number", "30"), ("a_date_with_more_behind", "2026-01-01x"))),
    case("c06_since_shows_its_plan",
         fetch(box=DATES, options=("--dry-run", *SINCE), mail=None, never="^RETR",
               shows='"number":3,"action":"skip-old"')),
    case("c06_since_and_a_limit_count_the_newer_ones",
         fetch(box=DATES, options=(*SINCE, "--limit", "1"), mail=(NEW,))),
    case("c06_since_asks_no_date_of_what_is_too_large",
         fetch(box=DATES, options=(*SINCE, "--max-size", "1KiB"), mail=(NEW, UNDATED, NONSENSE),
               never="^TOP [36]")),
    case("c06_since_fetches_all_where_top_is_refused",
         fetch(rules(NO_TOP), box=DATES, options=SINCE, mail=[data for _uidl, data in DATES],
               shows='"undated":6')),
    case("c06_since_without_uidls",
         fetch(rules(NO_UIDL), box=DATES, options=SINCE, mail=YOUNG),
         fetch(rules(NO_UIDL), mail=[data for _uidl, data in DATES])),
    case("c06_since_deletes_no_older_ones",
         fetch(box=DATES, options=SINCE, settings="keep none", mail=YOUNG, left=("d1", "d3"))),
]


def hostile(name, *listed_rules, exit=PROTOCOL, **rest):
    return case(name, fetch(rules(*listed_rules), mail=rest.pop("mail", ()), exit=exit,
                            settings=("timeout 5s",), seconds=90, **rest))


def many_rows(session):
    session.send(b"+OK\r\n")
    for start in range(1, 3_000_001, 10_000):
        session.send(b"".join(b"%d id-%d\r\n" % (i, i) for i in range(start, start + 10_000)))
    session.send(b".\r\n")


HOSTILE = [
    hostile("c06_a_line_of_50_megabytes", on("^UIDL$", b"+OK\r\n1 ", flood(50_000_000, b"x" * 64),
                                             b"\r\n.\r\n"), exit=(PROTOCOL, OK), mail=None),
    hostile("c06_a_reply_of_50_megabytes", on("^STAT", b"+OK ", flood(50_000_000, b"9" * 64))),
    hostile("c06_three_million_rows", on("^STAT", "+OK 3000000 9000000000"),
            on("^UIDL$", many_rows), on("^RETR", close), kind="protocol", never="^(RETR|TOP)"),
    *(hostile(f"c06_three_million_rows_{how}", on("^STAT", count), on(f"^{verb}$", many_rows),
              kind="protocol", never="^(RETR|TOP)")
      for how, count, verb in (("without_a_count", "+OK", "UIDL"),
                               ("where_700000_were_announced", "+OK 700000 9000000000", "UIDL"))),
    hostile("c06_three_million_rows_where_three_were_announced", on("^UIDL$", many_rows),
            exit=(PROTOCOL, OK), mail=None),
    *(hostile(f"c06_{name}_messages_{how}", on("^STAT", f"+OK {count} 2000000000"),
              on("^(UIDL|LIST)$", listing), kind="protocol", never="^(RETR|TOP)",
              shows="here: localhost: the server says of its mailbox")
      for name, count in (("two_thousand_million", 2_000_000_000), ("800000", 800_000),
                          ("past_64_bits_of", 99999999999999999999999))
      for how, listing in (("and_none_listed", rows()), ("and_three_listed", rows("1 1", "2 1", "3 1")),
                           ("and_no_listing", "-ERR no"))),
    hostile("c06_three_messages_and_none_listed", on("^(UIDL|LIST)$", rows()), kind="protocol",
            never="^(RETR|TOP)", shows="counts 3 messages and lists none"),
    case("c06_neither_list_nor_uidl", fetch(rules(on("^(UIDL|LIST)$", "-ERR no"))),
         fetch(rules(on("^(UIDL|LIST)$", "-ERR no")), never="^RETR")),
    hostile("c06_endless_stray_lines", on("^STAT", flood(300_000, b"\r\n"))),
]

NO_SECOND = on("^RETR 2", "-ERR message is locked")
C07 = [
    case("c07_one_refused_message_stops_no_other",
         fetch(rules(NO_SECOND), mail=(FIRST, THIRD), exit=TEMPORARY, kind="partial"),
         fetch(mail=None), fetch(rules(on("^RETR", "-ERR")), mail=None, exit=SOFT)),
    case("c07_one_at_a_time",
         fetch(rules(NO_SECOND, capabilities=("UIDL", "TOP")), mail=(FIRST, THIRD),
               exit=TEMPORARY)),
    case("c07_all_are_refused",
         fetch(rules(on("^RETR", "-ERR busy")), mail=(), exit=TEMPORARY)),
    case("c07_with_a_code",
         fetch(rules(on("^RETR 1", "-ERR [SYS/TEMP] later")), mail=(SECOND, THIRD),
               exit=TEMPORARY)),
    case("c07_what_was_refused_stays_on_the_server",
         fetch(rules(NO_SECOND), settings=NONE, mail=(FIRST, THIRD), exit=TEMPORARY,
               never="^DELE 2", left=("u-two",))),
    case("c07_too_often_in_a_row",
         fetch(rules(on("^RETR [23]", "-ERR too frequent, try later")), mail=FIRST,
               exit=TEMPORARY)),
]

C08 = [
    case("c08_an_empty_moment", fetch(), fetch(box=()), fetch(box=BOX)),
    case("c08_an_empty_moment_in_stat_only", fetch(),
         fetch(rules(on("^STAT", "+OK 0 0"), on("^(LIST|UIDL)$", rows()))), fetch()),
    case("c08_half_of_it_is_gone_for_a_moment", fetch(), fetch(box=BOX[:1]), fetch(box=BOX)),
]


def cut(name, *actions, first=(FIRST,), **script):
    """The second message is cut: what was whole may be there, the rest comes with the next run."""
    def whole_only(_server, collector, _result):
        stored = [data.replace(b"\r\n", b"\n") for data in first]
        assert all(one in stored for one in collector.messages())
        assert not collector.drafts()
    return case(name, fetch(rules(on("^RETR 2", *actions), **script), mail=None, exit=TEMPORARY,
                            check=whole_only), fetch(Script(**script)), fetch(Script(**script)))


C09 = [
    case("c09_cut_in_retr_delivers_nothing",
         pop("retr 2", rules(on("^RETR", HALF, close)), exit=TEMPORARY, kind="lost")),
    cut("c09_a_message_is_cut", HALF, close),
    cut("c09_a_message_is_reset", HALF, reset),
    cut("c09_cut_before_the_last_dot", b"+OK\r\n" + SECOND.replace(b"\r\n.", b"\r\n.."), close),
    cut("c09_cut_behind_the_last_dot", b"+OK\r\n" + SECOND.replace(b"\r\n.", b"\r\n..") + b".",
        close),
    cut("c09_cut_inside_the_last_line_end",
        b"+OK\r\n" + SECOND.replace(b"\r\n.", b"\r\n..") + b".\r", close,
        first=(FIRST, SECOND)),
    cut("c09_cut_behind_the_status", b"+OK\r\n", close),
    cut("c09_cut_before_any_answer", close),
    cut("c09_cut_under_tls", HALF, close, tls="tls"),
    cut("c09_cut_under_stls", HALF, reset, tls="stls"),
    case("c09_two_cuts_in_a_row", fetch(rules(on("^RETR 2", HALF, close)), mail=None,
                                        exit=TEMPORARY),
         fetch(rules(on("^RETR 3", HALF, close)), mail=None, exit=TEMPORARY), fetch()),
]


def octets(name, data, **rest):
    return case(name, fetch(box=(("x", data),), mail=(data,), seconds=60, **rest), fetch(mail=(data,)))


MESSAGES = [
    octets("c09_a_message_of_40_megabytes", b"Subject: big\r\n\r\n" + (b"w" * 78 + b"\r\n") * 500_000),
    octets("c09_a_line_of_5_megabytes", b"Subject: long\r\n\r\n" + b"L" * 5_000_000 + b"\r\n"),
    octets("c09_nul_octets", b"Subject: nul\r\n\r\na\0b\0\r\n\0\r\n"),
    octets("c09_only_a_header", b"Subject: head\r\n\r\n"),
    octets("c09_no_empty_line", b"Subject: head\r\n"),
    octets("c09_no_octet_at_all", b""),
    octets("c09_only_empty_lines", b"\r\n\r\n\r\n"),
    octets("c09_every_octet", b"Subject: all\r\n\r\n" + bytes(i for i in range(256) if i not in
                                                             (10, 13)) + b"\r\n"),
    case("c10_a_message_without_end",
         fetch(rules(on("^RETR 1", b"+OK\r\nSubject: x\r\n\r\n", flood(64_000_000), stall)),
               settings=("timeout 1s", "run-timeout 8s"), mail=(), exit=TEMPORARY, kind="timeout",
               seconds=30)),
]

LOST_QUIT = on("^QUIT", close)
DONE_QUIT = on("^QUIT", lambda session: session.update(), close)
SHORTER = on("^LIST$", rows("1 141", "2 5000", "3 252"))


def durable_before(count):
    def check(server, _collector, _result):
        assert server.visible == count, f"{server.visible} of {count} were there before DELE"
    return check


MANY = tuple((f"w{i}", b"Subject: window %d\r\n\r\n" % i) for i in range(450))

C20 = [
    case("c20_nothing_is_deleted_by_itself", fetch(never="^DELE", left=("u-one", "u-two", "u-three"))),
    case("c20_keep_none_deletes_what_is_here",
         fetch(settings=NONE, left=(), must="^DELE 3"), fetch(settings=NONE)),
    case("c20_dele_comes_after_the_mail_is_visible",
         fetch(rules(on("^DELE 1", record_mail, ordinary)), settings=NONE, left=(),
               check=durable_before(3))),
    case("c20_one_at_a_time",
         fetch(Script(capabilities=("UIDL", "TOP")), settings=NONE, left=())),
    case("c20_an_age_keeps_for_now",
         fetch(settings="keep 30d", never="^DELE"), fetch(settings="keep 30d", never="^DELE")),
    case("c20_what_was_kept_is_deleted_later", fetch(never="^DELE"),
         fetch(settings=NONE, left=(), never="^RETR"), fetch(settings=NONE)),
    case("c20_a_lost_quit_is_no_deletion",
         fetch(rules(LOST_QUIT), settings=NONE, exit=TEMPORARY, left=("u-one", "u-two", "u-three")),
         fetch(settings=NONE, left=(), never="^RETR"), fetch(settings=NONE)),
    case("c20_a_lost_answer_to_quit",
         fetch(rules(DONE_QUIT), settings=NONE, exit=TEMPORARY, left=()), fetch(settings=NONE)),
    case("c20_quit_says_that_some_are_left",
         fetch(rules(on("^QUIT", delete_nothing, "-ERR [SYS/TEMP] some not removed", close)),
               settings=NONE, exit=TEMPORARY),
         fetch(settings=NONE, left=(), never="^RETR")),
    case("c20_dele_is_refused_once",
         fetch(rules(on("^DELE 2", "-ERR no")), settings=NONE, exit=SOFT, left=("u-two",)),
         fetch(settings=NONE, left=(), never="^RETR")),
    case("c20_a_cut_in_dele",
         fetch(rules(on("^DELE 2", close)), settings=NONE, exit=TEMPORARY,
               left=("u-one", "u-two", "u-three")),
         fetch(settings=NONE, left=(), never="^RETR")),
    case("c20_a_cut_in_retr_deletes_only_what_is_here",
         fetch(rules(on("^RETR 3", HALF, close)), settings=NONE, mail=None, exit=TEMPORARY),
         fetch(settings=NONE, left=())),
    case("c20_shorter_than_announced_is_kept_on_the_server",
         fetch(rules(SHORTER), settings=NONE, exit=TEMPORARY, left=("u-two",), never="^DELE 2")),
    case("c20_a_deletion_that_was_undone", fetch(settings=NONE, left=()),
         fetch(settings=NONE, box=BOX)),
    case("c20_an_id_used_again_after_a_deletion", fetch(settings=NONE, left=()),
         fetch(settings=NONE, box=(("u-one", FOURTH),), mail=(*ALL, FOURTH))),
    case("c20_recent_names_never_delete",
         fetch(settings=NONE, never="^DELE", left=("u-one", "u-two", "u-three")),
         user="recent:user@example.org"),
    case("c20_a_window_is_polled_until_it_is_empty",
         fetch(Script(window=200), box=MANY, mail=[data for _uidl, data in MANY])),
    case("c20_an_empty_answer_to_quit",
         fetch(rules(on("^QUIT", lambda session: session.update(), b"\r\n", "+OK", close)),
               settings=NONE, left=(), exit=SOFT)),
]


def unwritable(_server, collector):
    with open(collector.mail, "w", encoding="utf-8") as file:
        file.write("no folder\n")


def cannot_be_said(name, user, password):
    return case(name, pop("stat", exit=(CONFIG, LOGIN), never=("^(DELE|USER|PASS|AUTH)",)),
                user=user, password=password)


C21 = [
    case("c21_a_target_that_is_no_maildir",
         fetch(before=unwritable, mail=None, exit=(74, 78), settings=NONE, never="^DELE",
               left=("u-one", "u-two", "u-three"))),
    cannot_be_said("c01_a_user_with_a_line_end_is_not_sent", "user\r\nDELE 1", "secret"),
    cannot_be_said("c01_a_user_with_a_bare_lf_is_not_sent", "user\nDELE 1", "secret"),
    case("c01_a_password_with_blanks", fetch(), password="pa ss  word"),
    case("c01_a_password_of_other_letters", fetch(), password="żółw-密码"),
]

CASES = [*C06, *IMPORTED, *SINCE_CASES, *HOSTILE, *C07, *C08, *C09, *MESSAGES, *C20, *C21]
