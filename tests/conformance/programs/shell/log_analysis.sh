cat > log <<'E'
2024-01-01 10:00:01 INFO start
2024-01-01 10:00:05 ERROR db timeout
2024-01-01 10:01:00 WARN slow query 350ms
2024-01-01 10:02:13 ERROR disk full
2024-01-02 09:00:00 INFO start
2024-01-02 09:10:00 ERROR db timeout
E
grep -c ERROR log; awk '{ c[$3]++ } END { for (l in c) print l, c[l] }' log | sort
grep ERROR log | cut -d' ' -f4- | sort | uniq -c | sort -rn | sed 's/^ *//'
awk '{ d[$1]++ } END { for (x in d) print x, d[x] }' log | sort
sed -n '/10:00:05/,/10:02:13/p' log | wc -l
while read -r day time level msg; do case $level in ERROR) ((errors++)); last="$msg";; WARN) [[ $msg =~ ([0-9]+)ms ]] && ms=${BASH_REMATCH[1]};; esac; done < log; echo "$errors errors, last: $last, slow: $ms"
grep -n ERROR log | head -1 | cut -d: -f1; tail -2 log | grep -o 'ERROR.*'; awk '$3 == "ERROR" { $1 = $2 = $3 = ""; sub(/^ +/, ""); print }' log | sort -u
grep -E 'WARN|ERROR' log | awk -F'[: ]' '{ print $2 ":" $3 }' | sort | uniq -c | awk '{ print $2, $1 }'
