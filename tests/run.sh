#!/bin/sh
# Runs everything a change must pass: `tests/run.sh short` (minutes) or `tests/run.sh long`.
# The last line is `N passed, N failed`; the exit status is 1 when anything failed or nothing ran.
set -u
size=${1:-short}
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
jobs=2
out=build-tests
sweeps=build-sweeps # stays: a sweep that was broken off goes on where it was
passed=0
failed=0
rm -rf "$out"
mkdir -p "$out"

say() { printf '%s\n' "$*"; }

# count PASSED FAILED: adds to the sum.
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# check NAME COMMAND…: one check; what it printed is shown when it fails.
check() {
    name=$1
    shift
    if "$@" >"$out/check.log" 2>&1; then
        count 1 0
        say "ok   $name"
    else
        count 0 1
        say "FAIL $name"
        tail -n 60 "$out/check.log" | sed 's/^/     /'
    fi
}

# skip NAME REASON: something that is not there; visible, and counted as nothing.
skip() { say "skip $1: $2"; }

has_option() { grep -q "^option('$1'" meson_options.txt; }

# set_up FOLDER COMPILER OPTION…: a build folder, made once and made anew for other options.
set_up() {
    folder=$1
    [ "$(cat "$folder/set-up" 2>/dev/null)" != "$*" ] || return 0
    rm -rf "$folder"
    compiler=$2
    options=$*
    shift 2
    CC=$compiler meson setup "$folder" "$@" && printf '%s\n' "$options" >"$folder/set-up"
}

compile() {
    folder=$1
    set_up "$@" && ninja -C "$folder" -j$jobs --quiet
}

sanitized_build() {
    probe=
    ! has_option probe || probe=-Dprobe=true
    compile build-asan gcc --buildtype=debugoptimized -Dtests=true \
        -Db_sanitize=address,undefined $probe
}

unit_tests() {
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        meson test -C build-asan --num-processes $jobs --timeout-multiplier 4 --no-rebuild \
        >"$out/unit.log" 2>&1
    set -- $(/usr/bin/python3 tests/support/tally.py meson build-asan/meson-logs/testlog.json)
    count "${1:-0}" "${2:-1}"
    say "unit tests: ${1:-0} passed, ${2:-1} failed"
    [ "${2:-1}" -eq 0 ] || /usr/bin/python3 tests/support/tally.py failures \
        build-asan/meson-logs/testlog.json
}

# mandoc looks for the pages referred to on the system only: those of this tree are taken from the
# list, and what it says of the system's own index is not about our pages.
manual_is_clean() {
    own=$(ls man | sed 's/\(.*\)\.\([0-9]\)$/Xr \1 \2( |$)/' | tr '\n' '|')
    text=$(mandoc -Tlint "$1" 2>&1 | grep -vE "outdated mandoc.db|not found: (${own%|})")
    [ -z "$text" ] || { printf '%s\n' "$text"; return 1; }
}

manuals() {
    ls man/*.[0-9] >/dev/null 2>&1 || { skip "manual pages" "there are none yet"; return; }
    for page in man/*.[0-9]; do
        check "mandoc -Tlint $page" manual_is_clean "$page"
    done
}

server_tests() {
    program=$(pwd)/build-asan/src/cli
    if [ ! -x "$program/poplind" ]; then
        count 0 1
        say "FAIL tests with a running server: $program/poplind was not built"
        return
    fi
    marks=
    [ "$size" = long ] || marks='not long'
    POPLIN_SWEEPS=$sweeps POPLIN_BUILD=$(pwd)/build-asan \
        POPLIND=$program/poplind POPLINCTL=$program/poplinctl \
        POPLIN=$program/poplin \
        /usr/bin/python3 -m pytest -c tests/pytest.ini --rootdir=tests -q -n $jobs -m "$marks" \
        --junitxml="$out/pytest.xml" tests/integration tests/conformance \
        >"$out/pytest.log" 2>&1
    set -- $(/usr/bin/python3 tests/support/tally.py junit "$out/pytest.xml")
    count "${1:-0}" "${2:-1}"
    grep -E '^(FAILED|ERROR)' "$out/pytest.log"
    [ "$size" = short ] || /usr/bin/python3 tests/support/sweep.py "$sweeps"
    say "tests with a running server: ${1:-0} passed, ${2:-1} failed, ${3:-0} skipped"
    [ "${2:-1}" -eq 0 ] || { say "their output: $out/pytest.log"; tail -n 60 "$out/pytest.log"; }
}

fuzz_libraries() {
    set_up build-fuzz clang -Db_sanitize=address,undefined -Db_lundef=false \
        -Dc_args=-fsanitize=fuzzer-no-link &&
        ninja -C build-fuzz -j$jobs --quiet \
            $(ninja -C build-fuzz -t targets all | sed -n 's/^\(.*\.a\): .*/\1/p')
}

fuzz_one() {
    stem=$(basename "$1" .c)
    clang -std=gnu2x -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=undefined -Isrc "$1" -o "build-fuzz/$stem" \
        -Wl,--start-group $(find build-fuzz/src -name 'lib*.a') -Wl,--end-group \
        -lssl -lcrypto -lsodium -lcrypt -lseccomp -lpthread || return 1
    # What is found anew goes to the build folder; the corpus of the tree is only read.
    found=build-fuzz/corpus/$stem
    mkdir -p "$found"
    corpus=tests/fuzz/corpus/${stem%_fuzz}
    [ -d "$corpus" ] || corpus=
    "build-fuzz/$stem" -max_total_time="$2" -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="build-fuzz/$stem-" "$found" $corpus
}

# The decoder leans on no library, so that memory that was never written can be seen too: what the
# other sanitizers found inputs for, once more.
fuzz_memory() {
    stem=$(basename "$1" .c)
    clang -std=gnu2x -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,memory -fno-omit-frame-pointer -Isrc \
        "$1" src/base/*.c src/codec/*.c src/mime/*.c -o "build-fuzz/$stem-memory" || return 1
    found=build-fuzz/corpus/$stem
    mkdir -p "$found"
    "build-fuzz/$stem-memory" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/$stem-memory-" "$found" "tests/fuzz/corpus/${stem%_fuzz}"
}

fuzz() {
    ls tests/fuzz/*_fuzz.c >/dev/null 2>&1 || { skip "fuzzers" "there are none yet"; return; }
    number=$(ls tests/fuzz/*_fuzz.c | wc -l)
    seconds=$((30 / number))
    [ "$seconds" -ge 1 ] || seconds=1
    [ "$seconds" -le 5 ] || seconds=5
    [ "$size" = short ] || seconds=600
    check "libraries for the fuzzers" fuzz_libraries
    for source in tests/fuzz/*_fuzz.c; do
        check "fuzz $(basename "$source" .c), $seconds s" fuzz_one "$source" "$seconds"
    done
    [ "$size" = long ] || return 0
    for source in tests/fuzz/mime_*_fuzz.c tests/fuzz/charset_fuzz.c tests/fuzz/transfer_fuzz.c \
        tests/fuzz/encoded_word_fuzz.c; do
        check "fuzz $(basename "$source" .c) for memory never written, 120 s" \
            fuzz_memory "$source" 120
    done
}

case $size in
short | long) ;;
*) echo "usage: tests/run.sh short|long" >&2; exit 64 ;;
esac

check "build with gcc and sanitizers" sanitized_build
check "build with gcc, no warnings" compile build-gcc gcc --werror -Dtests=true
check "build with clang, no warnings" compile build-clang clang --werror -Dtests=true
[ "$size" = short ] || check "build with the desktop's keyring" \
    compile build-keyring gcc --werror -Dkeyring=enabled
manuals
unit_tests
server_tests
fuzz
[ $((passed + failed)) -gt 0 ] || failed=1
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
