#!/bin/sh
# Make .venv from a lock: `scripts/venv.sh run|dev`. Needs a Python 3.11 or newer with venv; says so when there is none.
set -eu
cd "$(dirname "$0")/.."
lock="locks/$1.lock"

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c "$new_enough" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
}

if ! .venv/bin/python -c "$new_enough" >/dev/null 2>&1; then
    python=$(find_python)
    if [ -z "$python" ]; then
        echo "setup: no Python 3.11 or newer on PATH." >&2
        echo "  Debian, Ubuntu: apt install python3 python3-venv     macOS: brew install python" >&2
        echo "  or name one:    make setup PYTHON=/path/to/python3" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "setup: $python has no venv module (Debian keeps it apart)." >&2
        echo "  Debian, Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
    echo "setup: making .venv with $python"
    "$python" -m venv --clear .venv
fi

echo "setup: installing what $lock names (hashes checked)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
