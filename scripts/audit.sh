#!/bin/sh
# Asks the public lists of vulnerabilities about everything that is locked. Exit code 0: nothing is known; 1: something is;
# 2: nothing is known, but a list could not be asked (no network, or a mirror that does not pass the question on).
# That what is installed is what was locked is tested without it (tests/collab_server/test_deploy.py).
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
known=0
silent=0

# told WHAT STATUS ANSWER: whether ANSWER, which only a list that was asked has written, is there, and what it says.
told() {
    if [ ! -s "$3" ]; then
        silent=1
        echo "$1: could not be asked: $(grep -i 'error\|audit [45]' "$home/errors" | head -n 1)"
    elif [ "$2" -ne 0 ]; then
        known=1
        cat "$3" "$home/errors"
        echo "$1: something is known"
    else
        echo "$1: nothing is known"
    fi
}

"$python" -m venv "$home/venv"
if "$home/venv/bin/pip" install --quiet --disable-pip-version-check pip-audit 2> "$home/errors"; then
    for lock in run test node; do
        status=0
        # Strict, since what is missing from the list would otherwise count as sound.
        "$home/venv/bin/pip-audit" --progress-spinner off --strict --disable-pip --require-hashes -r "requirements/$lock.txt" \
            --format markdown --output "$home/answer" 2> "$home/errors" || status=$?
        told "requirements/$lock.txt" "$status" "$home/answer"
        rm -f "$home/answer"
    done
else
    told "requirements/*.txt" 1 "$home/answer"
fi
for folder in cloudflare-worker web; do
    status=0
    scripts/npm.sh --prefix "$folder" audit --omit=dev > "$home/answer" 2> "$home/errors" || status=$?
    # It says so in its answer, too, when there was none.
    if grep -q 'audit endpoint returned an error\|npm error' "$home/answer" "$home/errors"; then : > "$home/answer"; fi
    told "$folder/package-lock.json" "$status" "$home/answer"
done
if [ "$known" -ne 0 ]; then exit 1; fi
if [ "$silent" -ne 0 ]; then
    echo "Not all lists could be asked: run it again where PyPI and npm's registry are reached directly." >&2
    exit 2
fi
