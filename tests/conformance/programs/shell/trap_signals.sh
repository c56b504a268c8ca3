trap 'echo got USR1' USR1
trap 'echo interrupted; exit 5' INT
trap '' TERM
kill -USR1 $$
echo after usr1
kill -TERM $$
echo survived term
trap
(trap 'echo child exit' EXIT; kill -USR1 $BASHPID; echo child) 2>/dev/null; echo "child status $?"
trap 'echo debug: $BASH_COMMAND' DEBUG
x=1
echo hi
trap - DEBUG
trap 'echo returning' RETURN
f() { echo in f; }; f
trap - RETURN
kill -INT $$
echo never
