#!/bin/bash
# Installs the Debian packages of the given groups that are missing (cmake/debian-packages.txt): says so first.
#   install_debian.sh build run           those groups
#   install_debian.sh                     all of them
#   install_debian.sh --list build        prints the packages, installs nothing
# Works as root and with sudo. Elsewhere than on Debian it says what should be there and carries on.
set -euo pipefail

list="$(dirname "$(readlink -f "$0")")/../../cmake/debian-packages.txt"
only_list=
if [ "${1:-}" = --list ]; then
  only_list=1
  shift
fi

# A package that is listed with `unless:COMMAND` is not wanted where that command is there, from wherever.
wanted=()
while read -r package unless; do
  if [ -z "$unless" ] || [ -n "$only_list" ] || ! command -v "$unless" >/dev/null; then wanted+=("$package"); fi
done < <(awk -v groups=" $* " '
  /^[a-z]/ && (groups == "  " || index(groups, " " $1 " ")) { print $2, ($3 ~ /^unless:/ ? substr($3, 8) : "") }' "$list")
for group in "$@"; do
  grep -q "^$group " "$list" || { echo "install: there is no group '$group' in $list" >&2; exit 2; }
done
if [ -n "$only_list" ]; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install: no Debian here; these must be there under whatever name they have: ${wanted[*]}"
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [ "$status" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "install: every package is there"
  exit 0
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install: these packages are missing, and there is no sudo to install them with: ${missing[*]}" >&2
    echo "install: as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  }
  root=(sudo)
fi
echo "install: about to install ${#missing[@]} Debian packages: ${missing[*]}"
apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }
apt update
apt install -y --no-install-recommends "${missing[@]}"
echo "install: done"
