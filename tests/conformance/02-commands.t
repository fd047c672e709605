# The grammar of commands and their arguments: S10 to S19, S25.

== S10 names of commands in any letter case
drop alice: plain
open
> uSeR alice
< +OK
> pass secret
< +OK
> sTAT
< /\+OK 1 /
> ReTr 1
< +OK
.
body plain

== S10 a bare line feed ends a command too
drop alice: plain
open
>> USER alice\nPASS secret\nSTAT\n
< +OK
< +OK
< /\+OK 1 /

== S10 blanks between arguments and at the end do not matter
drop alice: plain second
open
login alice
>> TOP   1    0  \r\n
< +OK
.
top plain 0
>> LIST 2 \r\n
< /\+OK 2 \d+/

== S10 a blank before the command is an error
drop alice: plain
open
login alice
>> \sNOOP\r\n
< -ERR
> NOOP
< +OK

== S11 numbers are digits and nothing else
drop alice: plain
open
login alice
> RETR 0
< -ERR
> RETR +1
< -ERR
> RETR -1
< -ERR
> RETR 0x1
< -ERR
> RETR 1e0
< -ERR
> RETR 1abc
< -ERR
> RETR 001
< +OK
.
body plain

== S11 numbers beyond any width are no such message
drop alice: plain
open
login alice
> RETR 4294967297
< -ERR
> DELE 18446744073709551617
< -ERR
> LIST {400*9}
< -ERR
> UIDL 2
< -ERR
> STAT
< /\+OK 1 /

== S12 commands without arguments take none
drop alice: plain
open
login alice
> STAT 1
< -ERR
> NOOP x
< -ERR
> RSET 1
< -ERR
> CAPA all
< -ERR
> QUIT now
< -ERR
> STAT
< /\+OK 1 /

== S12 commands with arguments want the right number of them
drop alice: plain
open
login alice
> RETR
< -ERR
> DELE
< -ERR
> RETR 1 1
< -ERR
> DELE 1 1
< -ERR
> LIST 1 1
< -ERR
> UIDL 1 1
< -ERR
> TOP 1
< -ERR
> TOP 1 1 1
< -ERR
> STAT
< /\+OK 1 /

== S12 an unknown command is an error and no more
drop alice: plain
open
login alice
> XYZZY
< -ERR
> RETRX 1
< -ERR
> TOPS 1 1
< -ERR
> NOOP
< +OK

== S13 a deleted message is not there for any command
drop alice: plain second third
open
login alice
> DELE 2
< +OK
> DELE 2
< -ERR
> LIST 2
< -ERR
> UIDL 2
< -ERR
> RETR 2
< -ERR
> TOP 2 0
< -ERR

== S13 rows and totals leave deleted messages out
drop alice: plain second third
open
login alice
> DELE 2
< +OK
> STAT
< /\+OK 2 \d+/
size plain third
> LIST
< +OK
.
lines 2
hasnt /^2 /
> UIDL
< +OK
.
lines 2
hasnt /^2 /

== S14 an empty drop has empty lists
drop bob:
open
login bob
> STAT
< +OK 0 0
> LIST
< +OK
.
lines 0
> UIDL
< +OK
.
lines 0
> RETR 1
< -ERR

== S15 LIST is headed by count and octets and its rows agree
drop alice: plain dots crlf nonewline
open
login alice
> LIST
< /\+OK 4 messages \(\d+ octets\)/
size plain dots crlf nonewline
.
lines 4
rows /\d+ \d+/

== S15 a hundred messages agree everywhere
drop alice: small*100
open
login alice
> STAT
< /\+OK 100 \d+/
size small*100
> LIST
< +OK
.
lines 100
> LIST 100
< /\+OK 100 \d+/
size small100
> RETR 57
< +OK
.
body small57

== S16 TOP gives headers the blank line and as many lines as asked
drop alice: third
open
login alice
> TOP 1 0
< +OK
.
top third 0
> TOP 1 1
< +OK
.
top third 1
> TOP 1 4
< +OK
.
top third 4
> TOP 1 100
< +OK
.
body third
> TOP 1 99999999999999999999
< +OK
.
body third

== S16 TOP stuffs dots as RETR does
drop alice: dots crlfdots
open
login alice
> TOP 1 3
< +OK
.
top dots 3
> TOP 2 2
< +OK
.
top crlfdots 2

== S16 a message without a blank line gets one from TOP
drop alice: noblank noblanknonewline
open
login alice
> TOP 1 5
< +OK
.
top noblank 5
> TOP 2 0
< +OK
.
top noblanknonewline 0

== S16 TOP of unusual messages
drop alice: headeronly noheader blanks
open
login alice
> TOP 1 1
< +OK
.
top headeronly 1
> TOP 2 1
< +OK
.
top noheader 1
> TOP 3 2
< +OK
.
top blanks 2

== S17 rows of UIDL are printable short and the same again
drop alice: plain second third
open
login alice
> UIDL
< +OK
.
lines 3
rows /[1-3] [\x21-\x7e]{1,70}/
mark first
> QUIT
< +OK
open plain again
login alice
> UIDL
< +OK
.
same first

== S17 UIDLs survive a change of flags
drop alice: plain second
open
login alice
> UIDL
< +OK
.
mark before
> QUIT
< +OK
seen alice 1
open plain again
login alice
> UIDL
< +OK
.
same before

== S18 CAPA before login
open
> CAPA
< +OK
.
has /^USER$/
has /^TOP$/
has /^UIDL$/
has /^STLS$/
has /^PIPELINING$/
has /^RESP-CODES$/
has /^AUTH-RESP-CODE$/
has /^SASL .*PLAIN/
hasnt /^IMPLEMENTATION/

== S18 CAPA after login
drop alice: plain
open
login alice
> CAPA
< +OK
.
has /^USER$/
has /^SASL /
has /^UIDL$/
has /^IMPLEMENTATION /
hasnt /^STLS$/

== S18 STLS vanishes once TLS is there
open
> CAPA
< +OK
.
has /^STLS$/
> STLS
< +OK
tls
> CAPA
< +OK
.
hasnt /^STLS$/

== S19 bare AUTH lists the mechanisms
open
> AUTH
< +OK
.
has /^PLAIN$/
has /^LOGIN$/

== S19 AUTH PLAIN in one line and in two
drop alice: plain
drop bob: second
open one
> AUTH PLAIN AGFsaWNlAHNlY3JldA==
< +OK
> STAT
< /\+OK 1 /
open plain two
> AUTH PLAIN
< /\+ $/
> AGJvYgBzZWNyZXQ=
< +OK
> STAT
< /\+OK 1 /

== S19 AUTH LOGIN asks twice
drop alice: plain
open
> AUTH LOGIN
< /\+ /
> YWxpY2U=
< /\+ /
> c2VjcmV0
< +OK

== S19 an AUTH given up can be begun again
drop alice: plain
open
> AUTH PLAIN
< /\+ /
> *
< -ERR
> AUTH PLAIN AGFsaWNlAHNlY3JldA==
< +OK

== S19 AUTH refuses what is not base64 and mechanisms it does not have
open
> AUTH PLAIN !!!!
< -ERR
> AUTH NOSUCH
< -ERR

== S19 an empty initial response is none at all
open
> AUTH PLAIN =
< -ERR

== S19 a wrong password by AUTH carries the code AUTH
open
> AUTH PLAIN AGFsaWNlAHdyb25n
< /-ERR \[AUTH\]/

== S25 UTF8 is switched on before login
drop alice: utf8header
open
> CAPA
< +OK
.
has /^UTF8( |$)/
> UTF8
< +OK
login alice
> RETR 1
< +OK
.
body utf8header
> UTF8
< -ERR

== S25 STLS after UTF8 is refused
open
> UTF8
< +OK
> STLS
< -ERR

== S25 LANG lists languages and speaks them
open
> LANG
< +OK
.
has /^en /
has /^zh/
> LANG zh
< /\+OK zh.* [^\x00-\x7f]+/
> LANG xx
< -ERR
> LANG en
< /\+OK en /
