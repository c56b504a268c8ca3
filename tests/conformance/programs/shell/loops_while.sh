i=0; while [ $i -lt 3 ]; do echo "i=$i"; i=$((i + 1)); done
until [ $i -eq 0 ]; do ((i--)); echo "down $i"; done
printf 'a 1\nb 2\nc 3\n' | while read -r k v; do echo "$k->$v"; done
total=0; while read -r n; do total=$((total + n)); done < <(seq 5); echo $total
while IFS=: read -r user _ uid; do echo "$user $uid"; done <<'X'
root:x:0
bin:x:1
X
n=27 steps=0; while ((n != 1)); do ((n = n % 2 ? 3 * n + 1 : n / 2, steps++)); done; echo $steps
while true; do ((k++)); [ $k -ge 5 ] && break; [ $((k % 2)) -eq 0 ] && continue; echo "odd $k"; done
while read -r line || [ -n "$line" ]; do echo "line:$line"; done < <(printf 'x\ny')
seq 3 | while read n; do last=$n; done; echo "last=[$last]"
i=5; while ((i--)); do echo -n "$i"; done; echo
