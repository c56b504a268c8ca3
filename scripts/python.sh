#!/bin/sh
# Makes the virtual environment and installs the pinned requirements of one purpose into it: `python.sh run` or `python.sh test`.
set -eu
cd "$(dirname "$0")/.."
purpose=$1
if [ ! -x .venv/bin/python ]; then
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            chosen=$candidate
            break
        fi
    done
    if [ -z "${chosen:-}" ]; then
        echo "collab-server needs Python 3.11 or newer on PATH (or PYTHON=/path/to/python)." >&2
        exit 1
    fi
    "$chosen" -m venv .venv || { echo "python -m venv failed: on Debian or Ubuntu, install python3-venv." >&2; exit 1; }
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$purpose.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
