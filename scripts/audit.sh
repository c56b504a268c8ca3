#!/bin/sh
# Asks the public lists of vulnerabilities about everything that is locked. Needs the network; exit code 1 when something is known.
# That what is installed is what was locked is tested without it (tests/collab_server/test_deploy.py).
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"$python" -m venv "$home/venv"
"$home/venv/bin/pip" install --quiet pip-audit
known=0
for lock in run test node; do
    "$home/venv/bin/pip-audit" --disable-pip --require-hashes -r "requirements/$lock.txt" || known=1
done
for folder in cloudflare-worker web; do
    scripts/npm.sh --prefix "$folder" audit --omit=dev || known=1
done
exit $known
