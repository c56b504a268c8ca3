unset a; b=""; c=value
echo "${a:-default} ${b:-default} ${c:-default}"
echo "[${a-default}] [${b-default}] [${c-default}]"
echo "${a:+set}|${b:+set}|${c:+set}|${b+set}"
echo "${a:=assigned} $a"
echo "${d:=$(echo computed)} $d"
echo "${e:-${c:-nested}}"
(echo "${missing:?is required}") 2>/dev/null; echo "status $?"
echo "${x:-"quoted default"} ${y:-'single'}"
f() { echo "${1:-no arg} ${2:-second}"; }
f; f one; f one two
