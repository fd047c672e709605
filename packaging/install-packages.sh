#!/bin/sh
# Installs what Poplin needs from Debian: `install-packages.sh build` or `… build test`.
# Says nothing and touches nothing when everything is there already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=
for group in "$@"; do
    wanted="$wanted $(sed -n "s/^$group //p" "$here/packages.txt")"
done
missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "install-packages: no apt-get here; install these by other means:$missing" >&2
    exit 69
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install-packages: neither root nor sudo; as root: apt-get install$missing" >&2
        exit 77
    fi
    sudo=sudo
fi
echo "Installing from Debian:$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A policy of 101 keeps the daemons among them from starting by themselves.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy" && made_policy=yes
fi
status=0
{
    $sudo apt-get -q -o DPkg::Lock::Timeout=300 update &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install $missing
} >"$log" 2>&1 </dev/null || status=$?
[ -z "$made_policy" ] || $sudo rm -f "$policy"
if [ "$status" -ne 0 ]; then
    tail -n 20 "$log" >&2
    echo "install-packages: apt-get failed; the lines above say why" >&2
    exit 69
fi
