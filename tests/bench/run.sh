#!/bin/sh
# The figures that the server must reach, paired in one run with the yardsticks: `tests/bench/run.sh
# [NAME…]`, every one of them or those named (poll, large, mixed, huge, idle, silent, collect,
# mime, read). Root runs Dovecot too; collect measures the collector beside the clients that are
# installed, mime the decoder beside others, read the reader by itself.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
build() {
    [ -f build-bench/build.ninja ] || meson setup build-bench -Dbench=true
    ninja -C build-bench -j2
}
build >build-bench.log 2>&1 || { cat build-bench.log; exit 1; }
rm -f build-bench.log
POPLIND=${POPLIND:-$root/build-bench/src/cli/poplind}
POPLIN=${POPLIN:-$root/build-bench/src/cli/poplin}
export POPLIND POPLIN
exec /usr/bin/python3 tests/bench/bench.py build-bench/tests/bench "$@"
