cat > data.csv <<'E'
id,name,dept,salary
1,Ann,eng,5000
2,Bob,ops,4000
3,Cid,eng,6000
4,Dee,hr,3500
E
tail -n +2 data.csv | cut -d, -f2,4 | sort -t, -k2,2nr
total=0; n=0
while IFS=, read -r id name dept salary; do [ "$id" = id ] && continue; total=$((total + salary)); ((n++)); printf '%-5s %6d\n' "$name" "$salary"; done < data.csv
echo "average $((total / n))"
declare -A by; while IFS=, read -r _ name dept _; do by[$dept]+="$name "; done < <(sed 1d data.csv)
for d in $(printf '%s\n' "${!by[@]}" | sort); do echo "$d: ${by[$d]}"; done
awk -F, 'NR > 1 { t[$3] += $4 } END { for (d in t) print d "," t[d] }' data.csv | sort
column -t -s, data.csv
sed 's/,/ | /g; s/^/| /; s/$/ |/' data.csv | head -2
grep ',eng,' data.csv | wc -l; cut -d, -f3 data.csv | sed 1d | sort | uniq -c | sort -rn | head -1 | awk '{print $2}'
{ head -1 data.csv; tail -n +2 data.csv | sort -t, -k4,4n; } > sorted.csv; sed -n 2p sorted.csv
awk -F, -v OFS=, 'NR > 1 { $4 = $4 * 1.1 } 1' data.csv | tail -1
