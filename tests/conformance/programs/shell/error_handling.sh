die() { echo "error: $*" >&2; exit 1; }
try() { "$@" || { echo "command failed ($?): $*"; return 1; }; }
try true && echo ok; try false; try ls nofile 2>/dev/null
retry() { local n=$1; shift; local i; for ((i = 1; i <= n; i++)); do "$@" && return 0; echo "attempt $i failed"; done; return 1; }
flaky() { ((++calls >= 3)); }; retry 5 flaky && echo "succeeded after $calls"
require() { command -v "$1" >/dev/null || { echo "missing: $1"; return 1; }; }; require ls && echo "have ls"; require nosuchtool
(die "fatal") 2>&1; echo "status $?"
result=$(ls nofile 2>&1) || echo "captured: ${result##*: }"
validate() { [[ $1 =~ ^[0-9]+$ ]] || { echo "not a number: '$1'"; return 2; }; echo "number $1"; }; validate 42; validate 4x; validate ""
{ echo try; false && echo no; } || echo catch
if output=$(cat nofile 2>&1); then echo "$output"; else echo "cat failed"; fi
f() { trap 'echo "f cleanup"' RETURN; return 4; }; f; echo "f: $?"; trap - RETURN
log() { printf '[%s] %s\n' "$1" "${*:2}"; }; log INFO all done
