worker() { local id=$1 total=0 i; for ((i = 0; i < 50; i++)); do ((total += i * id)); done; echo "$id $total" > "w$id.out"; }
for id in 1 2 3 4; do worker $id & done; wait
cat w*.out; awk '{ s += $2 } END { print "sum", s }' w*.out
max=2 running=0; for i in 1 2 3 4; do (exit $((i % 2))) & ((++running >= max)) && { wait -n; ((running--)); }; done; wait; echo "all done"
mkdir lock && echo "locked"; mkdir lock 2>/dev/null || echo "already locked"; rmdir lock
seq 4 | xargs -P4 -I{} sh -c 'echo "task {}"' | sort
