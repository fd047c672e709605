# TLS, lines and pipelining: S23, S24, S30 to S35.

== S23 a listener that requires TLS takes no password before it
open required
> CAPA
< +OK
.
has /^STLS$/
hasnt /^USER$/
hasnt /^SASL.*(PLAIN|LOGIN)/
> USER alice
< -ERR
> AUTH PLAIN AGFsaWNlAHNlY3JldA==
< -ERR

== S23 after STLS the same listener takes it
drop alice: plain
open required
> STLS
< +OK
tls
> CAPA
< +OK
.
has /^USER$/
login alice

== S24 STLS and a session in it
drop alice: plain dots
open
> STLS
< +OK
tls
login alice
> RETR 2
< +OK
.
body dots

== S24 octets behind STLS end the connection
open
>> STLS\r\nUSER alice\r\n
< /(\+OK|-ERR)/
closed

== S24 USER from before TLS is forgotten
open
> USER alice
< +OK
> STLS
< +OK
tls
> PASS secret
< -ERR

== S24 STLS within TLS is refused
open tls
> STLS
< -ERR
login alice

== S24 implicit TLS serves as the plain port does
drop alice: crlfdots middle
open tls
login alice
> RETR 1
< +OK
.
body crlfdots
> RETR 2
< +OK
.
body middle

== S24 no plain text gets through where TLS is spoken
open
> STLS
< +OK
> NOOP
closed

== S30 a command of 1024 octets is read as one
drop alice: plain
open
login alice
> LIST {1017*0}
< -ERR
> LIST {1016*0}1
< /\+OK 1 /

== S30 a longer line gets one error and the session goes on
drop alice: plain
open
login alice
> NOOP {70000*x}
< -ERR
> STAT
< /\+OK 1 /
silent 0.2

== S31 a reply does not repeat what was sent
drop alice: plain
open
login alice
> FROBNICATE marker
< /-ERR (?!.*(FROBNICATE|marker))/
> RETR 777
< /-ERR (?!.*777)/

== S32 NUL and a lone CR within a command are errors
drop alice: plain
open
login alice
> NO\0OP
< -ERR
> NOOP\0
< -ERR
> NO\rOP
< -ERR
> NOOP
< +OK

== S33 a whole session in one packet
drop alice: plain dots second
open
>> USER alice\r\nPASS secret\r\nSTAT\r\nLIST 1\r\nRETR 2\r\nTOP 1 0\r\nDELE 3\r\nNOOP\r\nQUIT\r\n
< +OK
< +OK
< /\+OK 3 /
< /\+OK 1 /
< +OK
.
body dots
< +OK
.
top plain 0
< +OK
< +OK
< +OK
closed
left alice 2

== S33 one octet a packet
drop alice: plain
open
>1 USER alice
< +OK
>1 PASS secret
< +OK
>1 RETR 1
< +OK
.
body plain

== S33 what follows a failed PASS is judged as before login
open
>> USER alice\r\nPASS wrong\r\nSTAT\r\nUSER alice\r\nPASS secret\r\nNOOP\r\n
< +OK
< /-ERR \[AUTH\]/
< -ERR
< +OK
< +OK
< +OK

== S33 many RETRs in one flight
drop alice: small*40
open
login alice
>> RETR 1\r\nRETR 2\r\nRETR 3\r\nRETR 40\r\nRETR 41\r\nRETR 7\r\n
< +OK
.
body small1
< +OK
.
body small2
< +OK
.
body small3
< +OK
.
body small40
< -ERR
< +OK
.
body small7

== S33 pipelining over TLS
drop alice: middle second
open tls
>> USER alice\r\nPASS secret\r\nRETR 1\r\nRETR 2\r\nQUIT\r\n
< +OK
< +OK
< +OK
.
body middle
< +OK
.
body second
< +OK

== S35 bad commands in a row before login end the connection
open
> A
< -ERR
> B
< -ERR
> C
< -ERR
closed
