#!/bin/sh
# Verifies the systemd files with the installed systemd, without touching the running one: every
# directive known, exposure at most 2.3 of 10 as shipped (the master is root, to start children as
# other users) and 1.6 with the drop-in for one user. Skipped (77) where there is no systemd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v systemd-analyze >/dev/null 2>&1; then
    echo "check-units: skipped, no systemd-analyze"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# verify insists on a program that exists.
mkdir "$work/shipped" "$work/single"
sed -e 's|@poplind@|/bin/true|' -e 's|@conf_dir@|/etc/poplin|' \
    "$here/systemd/poplind.service.in" >"$work/shipped/poplind.service"
cat "$work/shipped/poplind.service" "$here/systemd/single-user.conf" >"$work/single/poplind.service"
cp "$here"/systemd/*.socket "$work/shipped"

# To verify an unknown directive is only a warning: any word of it about our files is a fault. The
# manual pages need not be installed here.
said=$(systemd-analyze verify --man=no "$work"/shipped/* "$work"/single/* 2>&1) || status=1
said=$(printf '%s\n' "$said" | grep -F poplin || true)
if [ -n "$said" ]; then
    printf '%s\n' "$said"
    status=1
fi

# The units of one person's collector.
mkdir "$work/user"
sed 's|@poplin@|/bin/true|' "$here/systemd/user/poplin.service.in" >"$work/user/poplin.service"
cp "$here/systemd/user/poplin.timer" "$work/user"
said=$(XDG_RUNTIME_DIR=$work systemd-analyze --user verify --man=no "$work"/user/* 2>&1) || status=1
said=$(printf '%s\n' "$said" | grep -F poplin || true)
if [ -n "$said" ]; then
    printf '%s\n' "$said"
    status=1
fi

exposure() {
    systemd-analyze security --offline=true --no-pager --threshold="$2" \
        "$work/$1/poplind.service" >"$work/report" || status=1
    echo "check-units: $1: $(tail -n 1 "$work/report" | sed 's/^[^A-Za-z]*//')"
}
exposure shipped 23
exposure single 16

if command -v systemd-sysusers >/dev/null 2>&1 &&
    ! systemd-sysusers --dry-run "$here/sysusers.d/poplin.conf" >"$work/report" 2>&1; then
    cat "$work/report"
    status=1
fi
exit $status
