text="the cat sat on the mat the cat ran"
declare -A freq
for w in $text; do freq[$w]=$((${freq[$w]:-0} + 1)); done
for w in "${!freq[@]}"; do echo "${freq[$w]} $w"; done | sort -k1,1nr -k2
echo "$text" | tr ' ' '\n' | sort | uniq -c | sort -k1,1nr -k2 | head -3
echo "$text" | awk '{for (i = 1; i <= NF; i++) c[$i]++} END {for (w in c) print c[w], w}' | sort -k1,1nr -k2
echo "$text" | grep -o 'the' | wc -l
