echo "$#" "$0" "${0##*/}"
echo "$1 ${2} ${10}"
shift 2; echo "$1 $#"
set -- a b c; echo "$*" "$@" $#
echo "${@: -1}" "${!#}" "${@:1:2}"
true; echo $?; false; echo $?
[[ $$ =~ ^[0-9]+$ ]] && echo pid
echo "${-//[^eux]/}"; set -e; echo "${-//[^eux]/}"; set +e
sleep 0.01 & [[ $! -gt 0 ]] && echo "bg pid"; wait
echo hello world > /dev/null; echo "$_"
f() { echo "$# ${1-} ${FUNCNAME[0]}"; }; f x y
[ $LINENO -gt 5 ] && echo "line ok"
RANDOM=42; a=$RANDOM; RANDOM=42; [ $a = $RANDOM ] && echo "seeded"
[ $SECONDS -lt 60 ] && echo seconds
set --; echo "[$*] $#"
echo "${BASH_VERSION%%.*}" "$OSTYPE"
