"""What servers do to a collector while they talk, one scenario a row: rules C01 to C14. Its name
begins with the rule's number. Those on keeping and on lies about messages are in
collect_scenarios_keep.py.
"""
import base64

from collect_case import (
    ALL, CONFIG, LOGIN, OK, PROTOCOL, REFUSED, TEMPORARY, UNREACHABLE, Case, fetch, pop, rules)
from quirk import (
    BOX, CAPABILITIES, FIRST, SECOND, THIRD, Script, close, log_in, mail, on, ordinary, pause,
    read_line, reset, rows, stall, start_tls)

SECRETS = r"^(USER|PASS|AUTH|APOP)"
NO_SECRETS = (SECRETS,)
SHORT = ("timeout 1s",)


def case(name, *steps, **options):
    return Case(name, steps, options)


def refused_login(name, reply, exit, kind):
    return case(name, fetch(rules(on("^PASS", reply)), mail=(), exit=exit, kind=kind,
                            once="^PASS", never="^(STAT|RETR|DELE)"))


def not_pop3(name, greeting):
    return case(name, fetch(Script(greeting=greeting), mail=(), exit=PROTOCOL, kind="protocol",
                            never=NO_SECRETS))


C01 = [
    case("c01_an_ordinary_server_gives_all", fetch(), fetch(never="^(RETR|TOP|DELE)")),
    case("c01_ok_in_lower_case", pop("stat", rules(on("^STAT", "+ok 3 503")), out=b"3 503")),
    case("c01_text_is_free", fetch(rules(on("^STAT", "+OK 3 503 messages, in all"),
                                         on("^PASS", log_in, "+OK -ERR is only text")))),
    case("c01_a_long_text_is_still_ok",
         fetch(rules(on("^PASS", log_in, "+OK " + "welcome " * 100)))),
    refused_login("c01_in_use_is_temporary", "-ERR [IN-USE] locked", TEMPORARY, "busy"),
    refused_login("c01_login_delay_is_temporary", "-ERR [LOGIN-DELAY] wait", TEMPORARY, "busy"),
    refused_login("c01_sys_temp_is_temporary", "-ERR [SYS/TEMP] later", TEMPORARY, "busy"),
    refused_login("c01_code_in_lower_case", "-ERR [in-use] locked", TEMPORARY, "busy"),
    refused_login("c01_auth_is_about_the_credentials", "-ERR [AUTH] no", LOGIN, "login"),
    refused_login("c01_no_code_on_pass_is_about_the_credentials", "-ERR no", LOGIN, "login"),
    refused_login("c01_unknown_code_is_only_text", "-ERR [X-ODD] no", LOGIN, "login"),
    case("c01_sys_perm_is_permanent",
         fetch(rules(on("^PASS", "-ERR [SYS/PERM] mailbox is gone")), mail=(),
               exit=(REFUSED, LOGIN), once="^PASS")),
    case("c01_err_greeting_sends_no_secret",
         fetch(Script(greeting="-ERR closed today"), mail=(), exit=REFUSED, kind="refused",
               never=NO_SECRETS, shows="closed today")),
    case("c01_busy_greeting_is_temporary",
         fetch(Script(greeting="-ERR [SYS/TEMP] too many"), mail=(), exit=TEMPORARY, kind="busy",
               never=NO_SECRETS)),
    not_pop3("c01_smtp_is_no_pop3", "220 mail.example.org ESMTP"),
    not_pop3("c01_imap_is_no_pop3", "* OK IMAP4rev1 ready"),
    not_pop3("c01_http_is_no_pop3", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    not_pop3("c01_binary_is_no_pop3", b"\x00\xff\x15\x03\x01\r\n"),
    case("c01_greeting_is_cut", fetch(Script(cut=2), mail=(), exit=TEMPORARY, kind="lost")),
    case("c01_nothing_listens",
         fetch(mail=(), exit=UNREACHABLE, kind="unreachable",
               before=lambda server, collector: collector.configure("pop3://127.0.0.1:1"))),
    case("c01_binary_reply_is_a_protocol_error",
         pop("stat", rules(on("^STAT", b"\x00\xff\xfe\r\n")), exit=PROTOCOL, kind="protocol")),
    case("c01_another_err_is_refused",
         pop("retr 2", rules(on("^RETR", "-ERR it is gone")), exit=REFUSED, kind="refused",
             shows="it is gone")),
    case("c01_a_reply_nobody_asked_for",
         pop("retr 1", rules(on("^STAT|^NOOP|^PASS", log_in, "+OK", "+OK 9 9", "+OK 8 8")),
             exit=(OK, PROTOCOL))),
    case("c01_a_message_that_is_not_there", pop("retr 9", exit=REFUSED, kind="refused")),
    case("c01_stat", pop("stat", out=b"3 503")),
    case("c01_list", pop("list", out=b"1 141\n2 110\n3 252")),
    case("c01_list_of_one", pop("list 2", out=b"2 110")),
    case("c01_uidl", pop("uidl", out=b"1 u-one\n2 u-two\n3 u-three")),
    case("c01_uidl_of_one", pop("uidl 3", out=b"3 u-three")),
    case("c01_noop", pop("noop", must="^NOOP$")),
    case("c01_dele_then_quit", pop("dele 2", left=("u-one", "u-three"))),
    case("c01_stray_empty_lines",
         fetch(rules(on("^STAT", b"\r\n", ordinary), on("^UIDL", b"\r\n\r\n", ordinary)))),
]

FAILURES = [
    case(f"c01_the_error_names_account_and_server_{name}",
         fetch(script, mail=None, exit=exit, settings=settings, shows=f'"here: localhost: {text}'))
    for name, text, exit, script, settings in (
        ("in_the_greeting", "connecting: the server said no", REFUSED, Script(greeting="-ERR"), ()),
        ("where_a_login_is_refused", "login: the server said no", LOGIN,
         rules(on("^PASS", "-ERR no")), ()),
        ("where_stat_is_refused", "STAT: the server said no", REFUSED, rules(on("^STAT", "-ERR")), ()),
        ("where_it_is_no_pop3", "during waiting for the greeting", PROTOCOL,
         Script(greeting="220 ESMTP"), ()),
        ("that_says_nothing", "nothing came for 1 s", TEMPORARY, Script(greeting=None), SHORT),
        ("that_closes", "closed the connection", TEMPORARY, rules(on("^LIST", close)), ()),
        ("that_refuses_a_message", "1 refused by the server", TEMPORARY, rules(on("^RETR 2", "-ERR")),
         ()),
        ("that_refuses_quit", "QUIT: the server said no", (REFUSED, TEMPORARY),
         rules(on("^QUIT", "-ERR no")), ("keep none",)),
        ("without_stls", "the server offers no STLS", UNREACHABLE,
         rules(tls="none"), ("tls stls",)))]

LF_BODY = b"Subject: bare\r\n\r\none\ntwo\n.\nthree\r\nend\r\n"
LF_CRLF_BODY = b"Subject: bare\r\n\r\none\n.\r\ntwo\r\nend\r\n"
INJECTED = b"Subject: bare\r\n\r\nx\n.\n+OK 1 1\n-ERR no\r\nend\r\n"


def raw(data):
    """A message sent with no stuffing at all."""
    return b"+OK\r\n" + data + b".\r\n"


def body(name, data, sent=None):
    return case(name, fetch(rules(on("^RETR 1$", sent or raw(data))),
                            box=(("bare", data), ("u-two", SECOND)), mail=(data, SECOND)))


C02 = [
    case("c02_a_server_of_bare_lfs", fetch(Script(eol=b"\n")), fetch(Script(eol=b"\n"))),
    case("c02_a_server_of_bare_lfs_by_command",
         pop("retr 2", Script(eol=b"\n"), out=SECOND.replace(b"\r\n", b"\n"))),
    case("c02_greeting_and_replies_mix_line_ends",
         fetch(rules(on("^PASS", log_in, b"+OK\n"), on("^STAT", b"+OK 3 503\n"),
                     greeting=b"+OK hello\n"))),
    case("c02_rows_mix_line_ends",
         fetch(rules(on("^UIDL$", b"+OK\r\n1 u-one\n2 u-two\r\n3 u-three\n.\r\n")))),
    body("c02_a_dot_between_bare_lfs_is_data", LF_BODY),
    body("c02_a_dot_after_a_bare_lf_is_data", LF_CRLF_BODY),
    body("c02_a_reply_inside_a_message_is_data", INJECTED),
    body("c02_a_lone_cr_is_data", b"Subject: cr\r\n\r\na\rb\r.\rc\r\n"),
    case("c02_the_end_after_a_stuffed_bare_lf",
         fetch(rules(on("^RETR 1$", b"+OK\r\nSubject: s\r\n\r\na\n..b\r\n.\r\n")),
               box=(("s", b"Subject: s\r\n\r\na\n.b\r\n"),), mail=(b"Subject: s\r\n\r\na\n.b\r\n",),
               exit=(OK, TEMPORARY))),
]

UNDOUBLED = b"Subject: dots\r\n\r\n.x\r\n.hidden\r\nend\r\n"
C03 = [
    case("c03_doubled_dots_are_taken_off", pop("retr 2", out=SECOND)),
    body("c03_undoubled_dots_are_kept", UNDOUBLED),
    body("c03_a_dot_as_first_octet", b".odd: header\r\nSubject: x\r\n\r\n.\r\n",
         mail(b".odd: header\r\nSubject: x\r\n\r\n.\r\n")),
    case("c03_one_octet_at_a_time", fetch(Script(piece=1), seconds=60)),
    case("c03_three_octets_at_a_time", fetch(Script(piece=3))),
    case("c03_top_is_unstuffed_too",
         pop("top 2 2", out=b"From: Bea <bea@example.org>\r\nSubject: dots\r\n"
             b"Message-ID: <2@quirk.example>\r\n\r\n.\r\n..\r\n")),
    case("c03_only_dots", fetch(box=(("d", b".\r\n" * 3000),), mail=(b".\r\n" * 3000,))),
]


def capa_secure(server, _collector, _result):
    lines = server.sessions[-1].lines
    assert ("CAPA", False) in lines and ("CAPA", True) in lines


C04 = [
    case("c04_capa_is_not_known", fetch(Script(capabilities=None))),
    case("c04_capa_closes_once", fetch(rules(on("^CAPA", close)), Script())),
    case("c04_capa_always_closes", fetch(rules(on("^CAPA", close)))),
    case("c04_capa_resets", fetch(rules(on("^CAPA", reset)), Script())),
    case("c04_capa_is_empty", fetch(Script(capabilities=()))),
    case("c04_capa_hides_what_is_there", fetch(Script(capabilities=("X-NOTHING",)))),
    case("c04_capa_promises_uidl_and_top_that_are_not_there",
         fetch(rules(on("^(UIDL|TOP)", "-ERR no"))), fetch(rules(on("^(UIDL|TOP)", "-ERR no")))),
    case("c04_capa_says_rubbish",
         fetch(rules(on("^CAPA", b"+OK\r\n\x00\xff\r\n \r\n\r\nTOP\tUIDL\r\nUIDL\r\n.\r\n")))),
    case("c04_capa_without_end",
         fetch(rules(on("^CAPA", rows(*(f"X-{i}" for i in range(20000))))),
               mail=None, exit=(OK, PROTOCOL))),
    case("c04_capa_is_cut", fetch(rules(on("^CAPA", b"+OK\r\nTOP\r\nUI", close)), mail=(),
                                  exit=TEMPORARY, kind="lost", never=NO_SECRETS), fetch()),
    case("c04_capa_is_asked_again_after_login",
         fetch(Script(capabilities=("USER",), capabilities_after=CAPABILITIES),
               box=[(f"g{i}", b"Subject: %d\r\n\r\nx\r\n" % i) for i in range(30)], mail=None,
               deepest=(1, 63))),
    case("c04_capa_is_asked_again_after_tls",
         fetch(Script(tls="stls"), check=capa_secure)),
    case("c04_capa_fails_after_login",
         fetch(rules(on("^CAPA", ordinary, times=1), on("^CAPA", "-ERR not now")))),
    case("c04_unknown_mechanisms_are_passed_over",
         fetch(Script(capabilities=("USER", "UIDL", "SASL GSSAPI NTLM X-OWN")), must="^PASS")),
    case("c04_user_is_not_announced", fetch(Script(capabilities=("TOP", "UIDL")), must="^PASS")),
]

STAMP = "+OK POP3 ready <1896.697170952@quirk.example>"
C05 = [
    case("c05_a_stamp_in_the_greeting_is_not_used",
         fetch(Script(greeting=STAMP), never="^APOP")),
    case("c05_a_stamp_under_tls_is_not_used",
         fetch(Script(greeting=STAMP, tls="tls"), never="^APOP", must="^PASS")),
    case("c05_a_stamp_before_stls_is_not_used",
         fetch(Script(greeting=STAMP, tls="stls"), never="^APOP", must="^PASS")),
    case("c05_apop_when_it_is_forced",
         fetch(Script(greeting=STAMP), settings="auth APOP", must="^APOP user [0-9a-f]{32}$",
               never="^PASS")),
    case("c05_apop_forced_without_a_stamp",
         fetch(settings="auth APOP", mail=(), exit=(LOGIN, CONFIG, REFUSED, PROTOCOL, UNREACHABLE),
               never="^(PASS|APOP)")),
]


def stalled(name, pattern, mail=(), **rest):
    rest.setdefault("exit", TEMPORARY)
    return case(name, fetch(rules(on(pattern, stall)), mail=mail, settings=SHORT, seconds=20,
                            **rest))


DRIP = dict(piece=1, pause=0.3)
C10 = [
    case("c10_no_greeting", fetch(Script(greeting=None), mail=(), settings=SHORT, exit=TEMPORARY,
                                  kind="timeout", never=NO_SECRETS, seconds=20)),
    case("c10_no_tls_handshake",
         fetch(Script(greeting=None), mail=(), settings=(*SHORT, "tls implicit"),
               exit=(TEMPORARY, UNREACHABLE), seconds=20)),
    stalled("c10_user_stalls", "^USER", kind="timeout"),
    stalled("c10_pass_stalls", "^PASS", kind="timeout"),
    stalled("c10_stat_stalls", "^STAT", kind="timeout"),
    stalled("c10_uidl_stalls", "^UIDL", kind="timeout"),
    stalled("c10_quit_stalls", "^QUIT", mail=ALL, exit=(OK, TEMPORARY)),
    case("c10_a_message_stalls",
         fetch(rules(on("^RETR 2", b"+OK\r\nSubject: d", stall)), settings=SHORT, mail=FIRST,
               exit=TEMPORARY, kind="timeout", seconds=20), fetch()),
    case("c10_the_whole_run_has_a_limit",
         fetch(Script(**DRIP), settings=("timeout 5s", "run-timeout 2s"), mail=(), exit=TEMPORARY,
               kind="timeout", seconds=20)),
    case("c10_a_slow_server_within_the_limits", fetch(Script(piece=40, pause=0.05))),
]

GBK = "用户名或密码错误"
C11 = [
    case("c11_gb18030_is_read",
         fetch(rules(on("^PASS", b"-ERR " + GBK.encode("gb18030") + b"\r\n")), mail=(), exit=LOGIN,
               shows=GBK)),
    case("c11_utf8_is_read",
         fetch(rules(on("^PASS", "-ERR [AUTH] " + GBK)), mail=(), exit=LOGIN, shows=GBK)),
    case("c11_gb18030_about_a_message",
         pop("retr 2", rules(on("^RETR", b"-ERR " + "邮件不存在".encode("gb18030") + b"\r\n")),
             exit=REFUSED, shows="邮件不存在")),
    case("c11_what_is_no_text_at_all",
         fetch(rules(on("^PASS", b"-ERR \xff\xfe\xfd\x80\r\n")), mail=(), exit=LOGIN)),
    *(case(f"c11_{name}_does_not_reach_the_terminal",
           fetch(rules(on("^PASS", b"-ERR a" + octets + b"b\r\n")), mail=(), exit=LOGIN,
                 hides=octets))
      for name, octets in (
          ("escape", b"\x1b]0;owned\x07"), ("bell", b"\x07"), ("delete", b"\x7f"),
          ("c1_raw", b"\x9b2J"), ("c1_as_utf8", "\x9b2J".encode()),
          ("right_to_left", "\u202e".encode()), ("carriage_return", b"\rx"), ("nul", b"\0"))),
    *(case(f"c11_verbose_shows_{name}", fetch(options=("-v",), shows=text, hides=b"secret"))
      for name, text in (("the_greeting", "here < +OK quirk ready"),
                         ("what_is_sent", "here > PASS"), ("a_reply", "here < +OK 3 503"),
                         ("a_row", "here < 2 u-two"), ("the_size_of_a_message", ". (110 octets)"))),
    case("c11_verbose_shows_no_octet_of_a_message", fetch(options=("-v",), hides=b"Subject")),
    case("c11_verbose_shows_why_a_message_was_refused",
         fetch(rules(on("^RETR 2", "-ERR [SYS/TEMP] it is \x1b[2J locked")), options=("-v",),
               exit=TEMPORARY, mail=(FIRST, THIRD), shows="here < -ERR [SYS/TEMP] it is",
               hides=b"\x1b")),
    case("c11_verbose_masks_a_mechanism",
         fetch(rules(capabilities=(*CAPABILITIES, "SASL PLAIN")), settings="auth PLAIN",
               options=("-v",), shows="here > AUTH ****",
               hides=base64.b64encode(b"\0user\0secret"))),
    case("c11_the_greeting_too",
         fetch(Script(greeting=b"-ERR \x1b[2Jaway\r\n"), mail=(), exit=REFUSED, hides=b"\x1b")),
    case("c11_an_endless_text_is_cut",
         fetch(rules(on("^PASS", b"-ERR " + b"y" * 30000 + b"\r\n")), mail=(), exit=(LOGIN, PROTOCOL),
               check=lambda server, collector, result: len(result.text()) < 4000 or 1 / 0)),
]


def injection(name, *actions):
    return case(name, fetch(rules(on("^STLS", *actions), tls="stls"), mail=(),
                            exit=(UNREACHABLE, PROTOCOL), never=NO_SECRETS, seconds=20,
                            settings=SHORT))


def untrusted(name, identity, tls):
    return case(name, fetch(Script(tls=tls, identity=identity), mail=(), exit=UNREACHABLE,
                            kind="tls", never=NO_SECRETS))


C12 = [
    injection("c12_a_line_behind_the_answer", b"+OK go\r\n+OK injected\r\n", start_tls),
    injection("c12_half_a_line_behind_the_answer", b"+OK go\r\n+O", start_tls),
    injection("c12_one_octet_behind_the_answer", b"+OK go\r\n+", start_tls),
    injection("c12_capabilities_behind_the_answer", b"+OK go\r\n+OK\r\nSASL PLAIN\r\n.\r\n",
              start_tls),
    injection("c12_stls_is_refused", "-ERR not today"),
    injection("c12_stls_answers_and_goes_on_in_clear", "+OK go", "+OK ready"),
    injection("c12_stls_closes", "+OK go", close),
    case("c12_stls_is_not_offered",
         fetch(Script(), settings="tls stls", mail=(), exit=UNREACHABLE, kind="tls",
               never=NO_SECRETS)),
    case("c12_stls_is_tried_where_capa_is_not_known",
         fetch(Script(tls="stls", capabilities=None), must="^STLS")),
    case("c12_no_secret_before_stls",
         fetch(Script(tls="stls"),
               check=lambda server, c, r: not any(line.startswith(("USER", "PASS", "AUTH"))
                                                  for line in server.said_in_clear()) or 1 / 0)),
    case("c12_tls_from_the_first_octet", fetch(Script(tls="tls")),
         pop("retr 3", Script(tls="tls"), out=THIRD)),
    case("c12_stls_by_command", pop("stat", Script(tls="stls"), out=b"3 503")),
    case("c12_clear_text_where_tls_is_due",
         fetch(Script(), settings="tls implicit", mail=(), exit=UNREACHABLE, kind="tls",
               never=NO_SECRETS)),
    untrusted("c12_unknown_issuer", "other", "tls"),
    untrusted("c12_unknown_issuer_stls", "other", "stls"),
    untrusted("c12_another_name", "elsewhere", "tls"),
    untrusted("c12_expired", "expired", "tls"),
    case("c12_a_fingerprint_that_differs",
         fetch(Script(tls="tls"), settings="tls-fingerprint sha256:" + "0f" * 32, mail=(),
               exit=UNREACHABLE, kind="tls", never=NO_SECRETS)),
    case("c12_truncated_tls",
         fetch(Script(tls="tls", cut=700), mail=None, exit=TEMPORARY), fetch(Script(tls="tls"))),
]


def offering(mechanism, *listed, **rest):
    return rules(*listed, capabilities=(*CAPABILITIES, f"SASL {mechanism}"), **rest)


def mechanism(name, **rest):
    title = name.lower().replace("-", "_") + "".join(f"_over_{how}" for how in rest.values())
    return case(f"c13_{title}", fetch(offering(name, **rest), settings=f"auth {name}",
                                      must=f"^AUTH {name}", never="^PASS"))


def ask_for_ever(session):
    while True:
        session.send(b"+ \r\n")
        session.line()


BEARER = ("auth XOAUTH2", "tokeneval \"echo ya29.token\"")
STALE = ("auth XOAUTH2", "tokeneval \"echo stale\"")
FAULT = base64.b64encode(b'{"status":"401","schemes":"bearer"}').decode()
GIVES_UP = (LOGIN, PROTOCOL, TEMPORARY, REFUSED)


def dialogue(name, offered, *listed, exit=GIVES_UP, mail=(), **rest):
    return case(name, fetch(offering(offered, *listed), settings=f"auth {offered}", mail=mail,
                            exit=exit, seconds=20, **rest))


C13 = [
    *(mechanism(name) for name in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")),
    mechanism("SCRAM-SHA-256", tls="tls"),
    case("c13_the_best_of_many",
         fetch(offering("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"),
               must="^AUTH SCRAM-SHA-256", never="^(PASS|AUTH PLAIN)")),
    case("c13_xoauth2", fetch(offering("XOAUTH2"), settings=BEARER)),
    case("c13_oauthbearer", fetch(offering("OAUTHBEARER"),
                                  settings=("auth OAUTHBEARER", BEARER[1]))),
    case("c13_a_token_goes_by_what_is_offered", fetch(offering("XOAUTH2"), settings=BEARER[1])),
    case("c13_xoauth2_in_two_steps_where_one_is_refused",
         fetch(offering("XOAUTH2", on("^AUTH XOAUTH2 .", "-ERR Protocol error"),
                        on("^AUTH XOAUTH2$", b"+ \r\n", read_line, log_in, "+OK in")),
               settings=BEARER)),
    *(case(f"c13_xoauth2_in_two_steps_where_the_server_closes_{name}",
           fetch(offering("XOAUTH2", on("^AUTH XOAUTH2 .", *answer),
                          on("^AUTH XOAUTH2$", b"+ \r\n", read_line, log_in, "+OK in")),
                 settings=BEARER, once=("^AUTH XOAUTH2 .",), must="^AUTH XOAUTH2$"))
      for name, answer in (("on_one", (close,)),
                           ("behind_its_refusal", ("-ERR Protocol error. 10", reset)))),
    case("c13_a_server_that_closes_on_every_token",
         fetch(offering("XOAUTH2", on("^AUTH XOAUTH2", close)), settings=BEARER, mail=(),
               exit=TEMPORARY, kind="lost", once=("^AUTH XOAUTH2 .", "^AUTH XOAUTH2$"))),
    case("c13_an_error_as_challenge_wants_an_empty_answer",
         fetch(offering("XOAUTH2", on("^AUTH XOAUTH2 .", f"+ {FAULT}", read_line,
                                      "-ERR [AUTH] invalid")),
               settings=STALE, mail=(), exit=LOGIN, kind="login", must="^$")),
    *(dialogue(f"c13_a_plus_{name}", "LOGIN",
               on("^AUTH LOGIN", plus, read_line, plus, read_line, log_in, "+OK"), exit=OK, mail=ALL)
      for name, plus in (("with_a_blank", b"+ \r\n"), ("without_a_blank", b"+\r\n"))),
    dialogue("c13_an_initial_answer_that_is_passed_over", "PLAIN",
             on("^AUTH PLAIN", b"+ \r\n", read_line, log_in, "+OK"), exit=(OK, *GIVES_UP), mail=None),
    dialogue("c13_a_plus_with_text", "PLAIN",
             on("^AUTH PLAIN", b"+ go ahead, please\r\n", read_line, log_in, "+OK"),
             exit=(OK, *GIVES_UP), mail=None),
    dialogue("c13_login_with_other_prompts", "LOGIN",
             on("^AUTH LOGIN", "+ dXNlcg==", read_line, "+ cGFzcw==", read_line, log_in, "+OK"),
             exit=OK, mail=ALL),
    dialogue("c13_a_challenge_that_is_no_base64", "CRAM-MD5",
             on("^AUTH", "+ Rub!!bish", read_line, "-ERR cancelled"),
             never=(r"^[A-Za-z0-9+/=]{24,}$", "^PASS")),
    dialogue("c13_a_dialogue_without_end", "LOGIN",
             on("^AUTH", ask_for_ever)),
    dialogue("c13_a_challenge_of_a_megabyte", "CRAM-MD5",
             on("^AUTH", b"+ " + b"QUFB" * 262144 + b"\r\n", read_line, "-ERR")),
    dialogue("c13_ok_where_a_challenge_is_due", "CRAM-MD5", on("^AUTH", "+OK"),
             exit=(OK, *GIVES_UP), mail=None),
    dialogue("c13_the_server_leaves_in_the_dialogue", "CRAM-MD5", on("^AUTH", close),
             exit=TEMPORARY, kind="lost", never="^PASS"),
    dialogue("c13_the_mechanism_is_not_there_after_all", "PLAIN",
             on("^AUTH", "-ERR no such mechanism"), never="^PASS"),
    case("c13_a_wrong_password_is_tried_once",
         fetch(offering("PLAIN", on("^AUTH", "-ERR [AUTH] wrong")), mail=(), exit=LOGIN,
               kind="login", once="^AUTH")),
    *(case(f"c13_scram_with_a_false_{fault}",
           fetch(offering("SCRAM-SHA-256", scram_fault=fault), settings="auth SCRAM-SHA-256",
                 mail=(), exit=GIVES_UP, never="^(STAT|RETR|PASS)"))
      for fault in ("signature", "nonce", "iterations")),
    case("c13_another_identity",
         fetch(offering("PLAIN", on("^AUTH PLAIN c2hhcmVkAHVzZXIAc2VjcmV0$", log_in, "+OK")),
               settings=("auth PLAIN", "authzid shared"))),
    case("c13_a_providers_own_code_is_asked_for",
         fetch(rules(on("^PASS", b"-ERR " + GBK.encode("gb18030") + b"\r\n")), mail=(), exit=LOGIN,
               shows="authorisation code")),
]

MANY = [(f"m{i}", b"Subject: %d\r\nMessage-ID: <%d@many>\r\n\r\n" % (i, i) + b"text\r\n" * 40)
        for i in range(300)]
BULK = tuple(data for _uidl, data in MANY)
BIG = [(f"b{i}", b"Subject: %d\r\n\r\n" % i + b"z" * 76 + b"\r\n" + b"w" * 76 * 6000 + b"\r\n")
       for i in range(40)]
C14 = [
    case("c14_commands_in_flight_are_bounded",
         fetch(rules(on("^RETR 1$", pause(0.4), ordinary)), box=MANY, mail=BULK, deepest=(2, 63))),
    case("c14_the_account_may_say_less",
         fetch(rules(on("^RETR 1$", pause(0.3), ordinary)), box=MANY, mail=BULK,
               settings="pipeline 4", deepest=(1, 3))),
    case("c14_none_where_it_is_not_announced",
         fetch(Script(capabilities=("TOP", "UIDL", "USER")), box=MANY[:40], mail=BULK[:40],
               deepest=(0, 0))),
    case("c14_none_when_told_so", fetch(settings="pipeline 1", box=MANY[:40], mail=BULK[:40],
                                        deepest=(0, 0))),
    case("c14_forced_where_it_is_not_announced",
         fetch(rules(on("^RETR 1$", pause(0.3), ordinary), capabilities=("TOP", "UIDL")),
               settings="pipeline 16 forced", box=MANY, mail=BULK, deepest=(2, 15))),
    case("c14_large_messages_in_one_flight",
         fetch(box=BIG, mail=tuple(data for _uidl, data in BIG), seconds=60)),
    case("c14_a_limit_of_messages", fetch(options=("--limit", "2"), mail=(FIRST, SECOND)), fetch()),
    case("c14_a_limit_of_octets",
         fetch(options=("--max-size", "1KiB"), box=(*BOX, ("large", BULK[0] * 9)), mail=ALL),
         fetch(mail=(*ALL, BULK[0] * 9))),
    case("c14_a_dry_run_does_nothing",
         fetch(options=("--dry-run",), mail=None, never="^(RETR|DELE)", settings="keep none",
               left=("u-one", "u-two", "u-three"),
               check=lambda server, collector, result: not collector.messages() or 1 / 0), fetch()),
]

CASES = [*C01, *FAILURES, *C02, *C03, *C04, *C05, *C10, *C11, *C12, *C13, *C14]
