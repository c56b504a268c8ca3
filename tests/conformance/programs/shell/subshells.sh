x=1; (x=2; echo "inside $x"); echo "outside $x"
(cd /; pwd); [ "$PWD" != / ] && echo "still here"
y=$(x=5; echo $((x * 2))); echo $y $x
{ x=grouped; }; echo $x
(exit 7) || echo "status $?"
( trap 'echo sub exit' EXIT; echo body )
echo "level $BASH_SUBSHELL"; (echo "level $BASH_SUBSHELL"; (echo "level $BASH_SUBSHELL"))
a=(1 2); (a+=(3); echo ${#a[@]}); echo ${#a[@]}
f() { echo original; }; (f() { echo changed; }; f); f
(set -e; false; echo unreached); echo "after $?"
out=$(echo one; (echo two; echo three)); echo "$out" | wc -l
v=$( (echo nested) ); echo $v
[ $$ = $(echo $$) ] && echo "same pid"
[ $BASHPID = $(echo $BASHPID) ] || echo "different pid"
