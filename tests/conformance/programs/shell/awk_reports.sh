cat > sales.csv <<'E'
region,product,amount
north,apple,100
south,pear,250
north,pear,75
east,apple,300
south,apple,120
E
awk -F, 'NR > 1 { sum[$1] += $3; n[$1]++ } END { for (r in sum) printf "%-6s %5d %7.2f\n", r, sum[r], sum[r] / n[r] }' sales.csv | sort
awk -F, 'NR > 1 && $3 > max { max = $3; who = $1 "/" $2 } END { print who, max }' sales.csv
awk -F, 'BEGIN { print "<table>" } NR > 1 { print "<tr><td>" $1 "</td><td>" $3 "</td></tr>" } END { print "</table>" }' sales.csv
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next } { t += $col["amount"] } END { print "total", t }' sales.csv
awk -F, 'NR > 1 { a[$1][$2] = 1 }' sales.csv 2>/dev/null || echo "no nested arrays"
awk '!seen[$0]++' <<< $'a\nb\na'
awk '{ for (i = NF; i > 0; i--) printf "%s%s", $i, (i > 1 ? " " : "\n") }' <<< "one two three"
awk 'BEGIN { RS = "" } { print NR ": " $1 " (" NF ")" }' <<< $'a b\nc\n\nd e'
awk 'BEGIN { FS = "[ :]+" } { print $2 }' <<< "a: b  c"
awk 'BEGIN { RS = ";" } { print NR, $1 }' <<< "x;y;z"
awk '{ $1 = ""; print }' <<< "drop first word"
seq 5 | awk '{ s += $1; ss += $1 * $1 } END { print s / NR, sqrt(ss / NR - (s / NR) ^ 2) }'
awk -F'\t' '{ print $2 }' <<< $'a\tb c\td'
awk '{ print NR ": " $0 }' sales.csv | head -2
awk 'length > 12' sales.csv
awk -f <(echo '{ print FNR, FILENAME != "" }') sales.csv | tail -1
