(sleep 0.05; echo slow) & (echo quick) & wait
echo "both done"
sleep 0.02 & pid=$!; wait $pid; echo "status $?"
(exit 3) & wait $!; echo "status $?"
for i in 1 2 3; do (sleep 0.$i; echo "job $i") & done; wait
pids=(); for i in 5 0 7; do (exit $i) & pids+=($!); done
for p in "${pids[@]}"; do wait $p; echo "exit $?"; done
sleep 5 & kill $! ; wait $! 2>/dev/null; echo "killed $?"
x=1; (x=2; echo $x) & wait; echo $x
result=$(sleep 0.01 & echo now; wait; echo later); echo $result
{ echo a; sleep 0.02; echo b; } > out & wait; cat out
sleep 0.01 & jobs_running=$(jobs -r | wc -l); wait; echo $jobs_running
kill -0 $$ && echo alive
kill -0 99999999 2>/dev/null || echo "no such"
f() { sleep 0.$1; echo "f done $1"; }; f 1 & f 3 & wait
