# The octets of messages: S40 to S46.

== S40 sizes are what RETR sends
drop alice: plain dots mixed nonewline endcr lonecr nul eightbit empty oneoctet
open
login alice
> LIST 1
< +OK
size plain
> LIST 2
< +OK
size dots
> LIST 3
< +OK
size mixed
> LIST 4
< +OK
size nonewline
> LIST 5
< +OK
size endcr
> LIST 6
< +OK
size lonecr
> LIST 7
< +OK
size nul
> LIST 8
< +OK
size eightbit
> LIST 9
< +OK
size empty
> LIST 10
< +OK
size oneoctet
> STAT
< +OK
size plain dots mixed nonewline endcr lonecr nul eightbit empty oneoctet

== S40 an empty message
drop alice: empty
open
login alice
> RETR 1
< +OK
.
body empty
> TOP 1 5
< +OK
.
lines 1

== S41 dots at line starts are stuffed after every kind of line end
drop alice: dots crlfdots mixed manydots
open
login alice
> RETR 1
< +OK
.
body dots
> RETR 2
< +OK
.
body crlfdots
> RETR 3
< +OK
.
body mixed
> RETR 4
< +OK
.
body manydots

== S41 a dot as the very first octet
drop alice: firstdot onlydot onlydotline
open
login alice
> RETR 1
< +OK
.
body firstdot
> RETR 2
< +OK
.
body onlydot
> RETR 3
< +OK
.
body onlydotline
> NOOP
< +OK

== S41 a message whose last line is a dot without its end
drop alice: dotnonewline
open
login alice
> RETR 1
< +OK
.
body dotnonewline

== S42 a lone CR is data and 8-bit and NUL pass
drop alice: lonecr nul eightbit endcr
open
login alice
> RETR 1
< +OK
.
body lonecr
> RETR 2
< +OK
.
body nul
> RETR 3
< +OK
.
body eightbit
> RETR 4
< +OK
.
body endcr

== S42 lines of any length
drop alice: longline
open
login alice
> RETR 1
< +OK
.
body longline

== S42 LF and CRLF mixed become CRLF
drop alice: mixed crlf plain
open
login alice
> RETR 1
< +OK
.
body mixed
> RETR 2
< +OK
.
body crlf
> RETR 3
< +OK
.
body plain

== S42 a large message over both transports
drop alice: large
open
login alice
> RETR 1
< +OK
.
body large
> QUIT
< +OK
open tls two
login alice
> RETR 1
< +OK
.
body large

== S45 a file renamed by others is found again
drop alice: plain second
open
login alice
seen alice 1
> RETR 1
< +OK
.
body plain
> DELE 1
< +OK
> QUIT
< +OK
left alice 1

== S45 a message that vanished is an error and the session goes on
drop alice: plain second
open
login alice
expunge alice 1
> RETR 1
< -ERR
> RETR 2
< +OK
.
body second
