readonly x=1
x=2
echo "after assign $?"
readonly -p | grep -c ' x='
unset x; echo "unset $?"
declare x=3; echo "declare $?"
f() { local x=5; echo "local $?"; }
f
echo "$x"
