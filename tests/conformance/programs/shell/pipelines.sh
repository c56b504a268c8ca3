printf '%s\n' banana apple cherry apple | sort | uniq -c | sort -rn | head -1 | awk '{print $2, $1}'
echo "a b c" | tr ' ' '\n' | wc -l
seq 10 | grep -v 5 | tail -3 | paste -sd+ | bc
true | false | true; echo "${PIPESTATUS[*]}"
false | true; echo $?
set -o pipefail; false | true; echo $?; set +o pipefail
echo data | { read x; echo "got $x"; }
yes | head -3
seq 1000000 | head -2
{ echo 1; echo 2; } | while read n; do echo "n$n"; done
echo err >&2 2>&1 | cat 
(echo out; echo err >&2) 2>&1 | sort
ls nosuch |& wc -l
cat <(echo one) <(echo two) | tac
echo hello | tee copy.txt | tr a-z A-Z; cat copy.txt
! echo x | grep -q y && echo "no y"
seq 5 | (read a; read b; cat | wc -l; echo "$a $b")
time_taken=$( { time true; } 2>&1 | grep -c real ); echo $time_taken
