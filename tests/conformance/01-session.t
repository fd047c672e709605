# Greeting, login, states, the end of a session: S01 to S09, S20 to S22.

== S01 the reply to PASS comes once and the drop is ready behind it
drop alice: plain second
open
> USER alice
< +OK
> PASS secret
< +OK
silent 0.3
> STAT
< /\+OK 2 \d+/
size plain second

== S02 a second session of a locked drop is told in use and only with the right password
drop alice: plain
open one
login alice
open plain two
> USER alice
< +OK
> PASS wrong
< /-ERR \[AUTH\]/
> USER alice
< +OK
> PASS secret
< /-ERR \[IN-USE\]/
use one
> QUIT
< +OK
use two
> USER alice
< +OK
> PASS secret
< +OK

== S02 a lock ends with the connection that held it
drop alice: plain
open one
login alice
reset
open plain two
login alice

== S02 sessions of other users are not in the way
drop alice: plain
drop bob: second third
open one
login alice
open plain two
login bob
> STAT
< /\+OK 2 /

== S03 what is delivered during a session is not seen by it
drop alice: plain second
open
login alice
deliver alice third
> STAT
< /\+OK 2 /
> RETR 3
< -ERR
> QUIT
< +OK
open plain again
login alice
> STAT
< /\+OK 3 /

== S03 numbers stay when a message before them is deleted
drop alice: plain second third
open
login alice
> DELE 1
< +OK
> RETR 3
< +OK
.
body third
> RETR 2
< +OK
.
body second

== S05 a lost connection deletes nothing
drop alice: plain second
open
login alice
> DELE 1
< +OK
> DELE 2
< +OK
reset
pause 0.3
left alice 2
open plain again
login alice
> STAT
< /\+OK 2 /

== S05 a connection closed in order but without QUIT deletes nothing
drop alice: plain second
open
login alice
> DELE 1
< +OK
hangup
pause 0.3
left alice 2

== S05 QUIT before login only says goodbye
open
> QUIT
< +OK
closed

== S06 QUIT answers after the messages are gone
drop alice: plain second third
open
login alice
> DELE 1
< +OK
> DELE 3
< +OK
> QUIT
< +OK
left alice 1
closed

== S06 a message gone already counts as removed
drop alice: plain second
open
login alice
> DELE 1
< +OK
expunge alice 1
> QUIT
< +OK
left alice 1

== S06 after a session with deletions the numbers start anew
drop alice: plain second third
open
login alice
> DELE 2
< +OK
> QUIT
< +OK
open plain again
login alice
> RETR 2
< +OK
.
body third

== S07 QUIT followed at once by a half close still deletes
drop alice: plain second
open
login alice
> DELE 1
< +OK
> QUIT
halfclose
left alice 1

== S07 QUIT followed at once by a full close still deletes
drop alice: plain second
open
login alice
>> DELE 1\r\nQUIT\r\n
hangup
left alice 1

== S08 RSET brings back what was marked and nothing new
drop alice: plain second
open
login alice
> DELE 1
< +OK
deliver alice third
> RSET
< +OK
> STAT
< /\+OK 2 /
> RETR 1
< +OK
.
body plain
> QUIT
< +OK
left alice 3

== S08 commands of a session are refused before login
open
> STAT
< -ERR
> NOOP
< -ERR

== S08 more commands of a session are refused before login
open
> LIST
< -ERR
> RSET
< -ERR

== S08 NOOP does nothing and says so
drop alice: plain
open
login alice
> NOOP
< +OK
> NOOP
< +OK

== S08 login commands are refused after login
drop alice: plain
open
login alice
> USER bob
< -ERR
> PASS secret
< -ERR
> STLS
< -ERR
> STAT
< /\+OK 1 /

== S20 blanks in a password count
drop carol: plain
open
> USER carol
< +OK
> PASS pa ss  word
< +OK

== S20 a password with one blank less is wrong
open
> USER carol
< +OK
> PASS pa ss word
< -ERR

== S20 PASS comes straight after USER
open
> PASS secret
< -ERR
> USER alice
< +OK
> NOOP
< -ERR
> PASS secret
< -ERR

== S20 USER wants a name and takes any
open
> USER
< -ERR
> USER nobody-of-that-name
< +OK
> PASS secret
< /-ERR \[AUTH\]/

== S20 a name may hold a domain
drop erin@example.org: second
open
login erin@example.org
> STAT
< /\+OK 1 /

== S21 an empty password never logs in
open
> USER alice
< +OK
>> PASS \r\n
< -ERR

== S21 PASS without its blank never logs in
open
> USER alice
< +OK
> PASS
< -ERR

== S22 wrong credentials carry the code AUTH
open
> USER alice
< +OK
> PASS nope
< /-ERR \[AUTH\] /
login alice

== S22 an unknown user hears what a known one hears
open one
> USER alice
< +OK
> PASS nope
< /-ERR \[AUTH\] /
open plain two
> USER stranger
< +OK
> PASS nope
< /-ERR \[AUTH\] /

== S22 names that leave the folder are refused like any other
open
> USER ../alice
< +OK
> PASS secret
< /-ERR \[AUTH\]/
> USER alice/../bob
< +OK
> PASS secret
< -ERR
