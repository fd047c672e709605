#!/bin/sh
# Shows poplind at work over a small Maildir and poplin collecting and reading it, on free loopback
# ports, in a folder that is removed at the end: `tools/demo.sh`, or `tools/demo.sh --serve` to keep it in the foreground (make run).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${POPLIN_BUILD:-$root/build}
python=/usr/bin/python3
user=demo
password=letters

bold= plain= good=
if [ -t 1 ]; then
    bold=$(printf '\033[1m') good=$(printf '\033[32m') plain=$(printf '\033[0m')
fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    [ ! -s "$folder/log" ] || { echo "its log:" >&2; tail -n 20 "$folder/log" >&2; }
    exit 1
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/poplin-demo.XXXXXX")
chmod 755 "$folder"
server=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

[ -x "$build/poplind" ] || fail "$build/poplind is missing: run make first"

make_mail() {
    mkdir -p "$folder/mail"
    "$python" "$root/tools/demo_mail.py" write "$folder/mail/$user"
    [ "$(id -u)" -ne 0 ] || chown -R mail: "$folder/mail"
}

make_configuration() {
    ports=$("$python" -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))')
    port=${ports% *} tls_port=${ports#* }
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
    printf '%s:{PLAIN}%s\n' "$user" "$password" >"$folder/users"
    cat >"$folder/poplind.conf" <<CONFIG
config 1
hostname localhost
listen pop3 127.0.0.1:$port
listen pop3s 127.0.0.1:$tls_port
tls cert $folder/cert.pem key $folder/key.pem
users file $folder/users
store maildir $folder/mail/%u
CONFIG
    [ "$(id -u)" -ne 0 ] || printf 'user nobody\nmail-user mail\n' >>"$folder/poplind.conf"
}

start_server() {
    "$build/poplind" -c "$folder/poplind.conf" >"$folder/log" 2>&1 </dev/null &
    server=$!
    tries=0
    until pop3 "" -o /dev/null 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || fail "poplind did not start"
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "poplind does not answer"
        sleep 0.1
    done
}

# pop3 PATH OPTION…: curl over TLS, the certificate checked.
pop3() {
    path=$1
    shift
    curl --disable -sS --cacert "$folder/cert.pem" -u "$user:$password" "$@" \
        "pop3s://127.0.0.1:$tls_port/$path"
}

fetch_and_compare() {
    number=0
    octets=0
    for file in "$folder/mail/$user"/new/*; do
        number=$((number + 1))
        pop3 "$number" -o "$folder/got" || fail "message $number could not be fetched"
        "$python" "$root/tools/demo_mail.py" wire "$file" >"$folder/want"
        cmp -s "$folder/got" "$folder/want" || fail "message $number differs from $file"
        size=$(wc -c <"$folder/got")
        octets=$((octets + size))
        printf '  %2d  %8d octets  %ssame%s  %s\n' "$number" "$size" "$good" "$plain" "${file##*.}"
    done
    note "$number messages, $octets octets: every one as in its file"
}

poplin() {
    XDG_STATE_HOME=$folder/home/state "$build/poplin" -c "$folder/home/poplin.conf" "$@"
}

# The collector over TLS into a Maildir of its own; every file is compared with the one it came from.
collect() {
    mkdir -p "$folder/home"
    printf '%s\n' "$password" >"$folder/home/password"
    cat >"$folder/home/poplin.conf" <<CONFIG
config 1
account demo {
    server   pop3s://localhost:$tls_port
    user     $user
    password file:$folder/home/password
    ca       $folder/cert.pem
    deliver  maildir $folder/home/Mail
    keep     forever
}
CONFIG
    chmod 600 "$folder/home/poplin.conf" "$folder/home/password"
    for turn in first second; do
        poplin fetch >"$folder/got" || fail "poplin could not fetch"
        note "$turn time: $(cat "$folder/got")"
    done
    "$python" "$root/tools/demo_mail.py" compare "$folder/mail/$user" "$folder/home/Mail" ||
        fail "the Maildir that poplin filled differs"
}

delete_one() {
    before=$(ls "$folder/mail/$user/new" | wc -l)
    pop3 "" -I -X "DELE 1" -o /dev/null
    after=$(ls "$folder/mail/$user/new" | wc -l)
    [ "$after" -eq $((before - 1)) ] || fail "$before files before DELE 1 and QUIT, $after after"
    note "DELE 1 and QUIT: $before files before, $after after"
}

starttls() {
    curl --disable -sS --ssl-reqd --cacert "$folder/cert.pem" -u "$user:$password" \
        -o "$folder/got" "pop3://127.0.0.1:$port/2" || fail "STLS did not work"
    note "message 2 again, over STLS on port $port: $(wc -c <"$folder/got") octets"
}

# typed COMMAND ARGUMENT…: what a person would see who typed it.
typed() {
    printf '\n  %s$ poplin %s%s\n' "$bold" "$*" "$plain"
    poplin "$@" >"$folder/got" || fail "poplin $* did not work"
    sed 's/^/  /; s/ *$//' "$folder/got"
}

count_unread() { poplin list --unread --json | wc -l; }

# The letter is found by a word of it, and looked at with the eyes of another reader afterwards.
read_mail() {
    typed list -n 8
    before=$(count_unread)
    typed search 发票 has:attachment
    number=$(poplin search --json 发票 has:attachment | sed -n 's/.*"id":\([0-9]*\),.*/\1/p')
    typed read "$number"
    grep -q 三月份办公用品的发票 "$folder/got" || fail "the Chinese letter was not decoded"
    typed save "$number" -o "$folder/home"
    [ -s "$folder/home/三月发票.pdf" ] || fail "the attachment was not saved under its name"
    after=$(count_unread)
    set -- "$folder/home/Mail/cur"/*S
    [ $((before - after)) -eq 1 ] && [ $# -eq 1 ] && [ -e "$1" ] || fail "it is not marked as read"
    note "reading marked it as read: $before unread before, $after now; the name of its file ends in ${1##*:}"
}

what_to_type() {
    note "curl -k -u $user:$password pop3s://127.0.0.1:$tls_port/        # the list; /3 is message 3"
    note "openssl s_client -quiet -connect 127.0.0.1:$tls_port   # then USER $user, PASS $password, STAT"
}

make_mail
make_configuration
start_server

if [ "${1:-}" = --serve ]; then
    step "poplind serves $(ls "$folder/mail/$user/new" | wc -l) messages (user $user, password $password)"
    note "POP3 with STLS on 127.0.0.1:$port, with TLS on 127.0.0.1:$tls_port"
    what_to_type
    note "the log follows; Ctrl-C ends it"
    tail -n +1 -f "$folder/log" --pid="$server" &
    follower=$!
    trap 'kill $follower 2>/dev/null; exit 0' INT TERM
    wait "$server" || fail "poplind ended by itself"
    exit 0
fi

step "1. A Maildir of $(ls "$folder/mail/$user/new" | wc -l) letters, and poplind over it"
note "$folder/mail/$user, POP3 on 127.0.0.1:$port, POP3 over TLS on 127.0.0.1:$tls_port"
step "2. curl fetches them over TLS and compares"
fetch_and_compare
step "3. poplin collects them into a Maildir of its own, each once"
collect
step "4. STLS, and a deletion"
starttls
delete_one
step "5. What the log says"
grep -m 2 -E 'event=(login|logout)' "$folder/log" | cut -c1-150 | sed 's/^/  /' || note "(nothing)"
step "6. What is unread, a letter read as its writer wrote it, and its attachment saved"
read_mail
step "Now you"
note "build/poplin init YOU@YOUR.PROVIDER   # your own mail, which stays on the server, then:"
note "build/poplin fetch && build/poplin list"
note "build/poplin decode FILE              # any message that lies in a file, no account needed"
note "make run                              # this server, kept in the foreground"
note "man man/poplin.1; man man/poplind.conf.5"
