set -u
a=1; echo $a
echo "${b-default}"
arr=(x); echo "${arr[@]}"
empty=(); echo "${#empty[@]} [${empty[@]}]"
(echo "$undefined") 2>/dev/null; echo "sub $?"
f() { echo "${1-none}"; }; f
echo "$undefined_here"
echo not reached
