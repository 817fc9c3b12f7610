#!/bin/sh
# Have programs at hand: `scripts/need.sh mosquitto mosquitto_pub:mosquitto-clients` (command or file, or command:Debian package).
# Installs with apt where that is possible, else says what is missing.
set -eu
missing=""
for word in "$@"; do
    command -v "${word%%:*}" >/dev/null 2>&1 || [ -e "${word%%:*}" ] || missing="$missing ${word##*:}"
done
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if ! command -v apt-get >/dev/null 2>&1 || ! $as_root true 2>/dev/null; then
    echo "needed and not found:$missing" >&2
    echo "  Debian, Ubuntu: sudo apt install$missing     macOS: brew install mosquitto victoriametrics postgresql" >&2
    exit 1
fi
echo "installing with apt:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
# Debian starts a broker on port 1883 when it installs one; the tests start their own, and the port is the door's.
case "$missing" in
*mosquitto*)
    if [ -d /run/systemd/system ]; then $as_root systemctl disable --now mosquitto >/dev/null 2>&1 || true; fi
    ;;
esac
case "$missing" in
*victoria-metrics*)
    if [ -d /run/systemd/system ]; then $as_root systemctl disable --now victoria-metrics >/dev/null 2>&1 || true; fi
    ;;
esac
case "$missing" in
*postgresql*)
    if [ -d /run/systemd/system ]; then
        $as_root systemctl disable --now postgresql >/dev/null 2>&1 || true
    elif command -v pg_lsclusters >/dev/null 2>&1; then
        pg_lsclusters -h | while read -r version name _; do $as_root pg_ctlcluster "$version" "$name" stop >/dev/null 2>&1 || true; done
    fi
    ;;
esac
