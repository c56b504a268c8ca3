count_lines() { wc -l; }; seq 7 | count_lines
upper() { tr a-z A-Z; }; excl() { sed 's/$/!/'; }; echo hi | upper | excl
seq 3 | { while read n; do echo $((n * n)); done; } | paste -sd' '
producer() { for i in 1 2 3; do echo "item $i"; done; }; consumer() { while read -r w n; do echo "$n:$w"; done; }; producer | consumer
if echo abc | grep -q b; then echo "pipe in if"; fi
for x in a b; do echo $x; done | sort -r | head -1; (echo sub; echo shell) | tail -1; { echo gr; echo oup; } | head -1
echo "1 2 3" | (read a b c; echo $((a + b + c))); x=$(echo 5 | { read y; echo $((y + 1)); }); echo $x
mkfifo_less() { cat <(producer | head -1) <(producer | tail -1); }; mkfifo_less; cat /dev/null | wc -l; echo | wc -c
shopt -s lastpipe; echo lasting | read v; echo "$v"; seq 3 | while read n; do t=$((t + n)); done; echo $t
