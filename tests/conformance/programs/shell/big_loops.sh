s=0; for ((i = 0; i < 20000; i++)); do ((s += i)); done; echo $s
n=0; while ((n < 5000)); do n=$((n + 1)); done; echo $n
for i in {1..3000}; do arr[i]=$((i * i)); done; echo "${arr[3000]} ${#arr[@]}"
str=; for i in {1..1000}; do str+=x; done; echo ${#str}
seq 20000 | awk '{ s += $1 } END { print s }'; seq 5000 | while read -r x; do ((x % 1000)) || echo $x; done
printf '%s\n' {1..5000} | sort -rn | head -1; echo {1..5000} | tr ' ' '\n' | grep -c 7
