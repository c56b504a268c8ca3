printf 'alice 30 5.5\nbob 25 7.25\ncarol 41 6\n' > f
awk '{ print $1 }' f; awk '{ print $NF, NF, NR }' f; awk '{ print $2, $1 }' f
awk '$2 > 28' f; awk '/b/ { print "has b:", $0 }' f; awk 'NR == 2' f; awk 'NR > 1 && $3 >= 6' f
awk '{ s += $2 } END { print s, s / NR }' f
awk 'BEGIN { print "start" } { n++ } END { print n, "rows" }' f
awk -F: '{ print $2 }' <<< "a:b:c"; awk -F, -v OFS=- '{ $1 = $1; print }' <<< "1,2,3"
awk -v name=World 'BEGIN { print "Hello " name }'
awk '{ printf "%-10s|%5d|%6.2f\n", $1, $2, $3 }' f
awk 'BEGIN { for (i = 1; i <= 3; i++) print i, i * i; while (j < 2) print "j" j++; do k++; while (k < 5); print k }'
awk '{ $2 = $2 + 1; print }' f; awk '{ print length($1), length }' f
awk 'END { print $0 }' f; awk '$1 ~ /^a/ { print "A" } $1 !~ /^a/ { print "not" }' f
awk '{ print (NR % 2 ? "odd" : "even") }' f
awk 'BEGIN { x = "3" + "4"; print x, "a" "b", 7 % 3, 2 ^ 8, -x, !x, 1 == 1.0, "10" < "9", 10 < 9 }'
awk 'NR==1, NR==2 { print "range", $1 }' f
awk '{ print > ($1 ".out") }' f; cat bob.out
awk 'BEGIN { print 1e6, 0.1 + 0.2, 1/3, 100000000, 3.0, 1e300 }'
awk '{ sub(/o/, "0"); print }' f; awk 'BEGIN { OFS = "-"; print "a", "b"; $0 = "x y"; $3 = "z"; print; print NF }'
