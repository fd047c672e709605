#!/bin/sh
# Unpacks the packages of group `peer` into a folder, one below it for each, and installs nothing:
# servers to test against of which Debian lets only one be installed at a time.
# What cannot be had is said, and no failure: the tests that want it are skipped then.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
for package in $(sed -n 's/^peer //p' "$here/packages.txt"); do
    [ ! -d "$folder/$package" ] || continue
    draft=$(mktemp -d)
    if (cd "$draft" && apt-get -q download "$package") >"$draft/log" 2>&1 &&
        dpkg-deb -x "$draft/$package"_*.deb "$draft/tree"; then
        chmod 755 "$draft/tree"
        mv "$draft/tree" "$folder/$package"
    else
        echo "unpack-packages: $package cannot be had: $(tail -n 1 "$draft/log")" >&2
    fi
    rm -rf "$draft"
done
