awk 'BEGIN {
  print length("hello"), substr("hello", 2, 3), substr("hello", 4), index("hello", "l"), toupper("abc"), tolower("ABC")
  n = split("a:b:c", parts, ":"); print n, parts[1], parts[3]
  s = "foo bar foo"; print gsub(/foo/, "X&X", s), s
  print match("xxabcyy", /[a-c]+/), RSTART, RLENGTH, substr("xxabcyy", RSTART, RLENGTH)
  print sprintf("%05.1f|%s|%c|%x", 3.14159, "s", 65, 255)
  print int(3.9), int(-3.9), sqrt(16), exp(0), log(1), sin(0), cos(0), atan2(0, 1)
  if ("b" in parts) print "no"; if (2 in parts) print "yes"
  delete parts[2]; c = 0; for (k in parts) c++; print c, length(parts)
  m["x", 1] = "multi"; for (k in m) { split(k, kk, SUBSEP); print kk[1], kk[2], m[k] }
  if (("x", 1) in m) print "in"
}'
awk 'function max(a, b) { return a > b ? a : b } function fact(n) { return n <= 1 ? 1 : n * fact(n - 1) } BEGIN { print max(3, 7), fact(10) }'
awk 'function fill(arr, n,   i) { for (i = 1; i <= n; i++) arr[i] = i * i } BEGIN { fill(sq, 4); print sq[4]; print i == "" ? "local" : "leak" }'
awk 'BEGIN { while (("echo one; echo two" | getline line) > 0) print "got", line; close("echo one; echo two"); "date -u -d @0 +%Y" | getline y; print y }'
printf '1\n2\n3\n' > n; awk 'BEGIN { while ((getline x < "n") > 0) s += x; print s }'
awk 'BEGIN { print "b\na" | "sort"; close("sort"); print "done"; system("echo from system") }'
awk 'BEGIN { printf "%s %s %s\n", "a", "b", "c"; printf("%d%%\n", 50) }'
awk '{ a[NR] = $0 } END { for (i = NR; i > 0; i--) print a[i] }' n
awk 'NR == FNR { seen[$1]; next } $1 in seen' n <(printf '2\n9\n')
awk '{ if ($1 == 2) next; print; if ($1 == 3) exit 7 }' n; echo $?
awk 'BEGIN { s = "a.b.c"; gsub(/\./, "-", s); print s; t = "aaa"; sub("a", "\\&", t); print t; print substr("hello", -1), "[" substr("x", 5) "]" }'
awk 'BEGIN { x["a"] = 1; f(x); print x["a"], x["b"] } function f(y) { y["a"]++; y["b"] = 5 }'
awk 'BEGIN { print length() }' < /dev/null; echo "a b" | awk '{ print length(), length($0) }'
awk 'BEGIN { print ARGC, ARGV[1]; exit } END { print "end runs" }' x
echo "x" | awk '{ print ENVIRON["HOME"] != "" }'
awk 'BEGIN { print 1 " " 2, 1+1 "" 3; print 5 " items"; print -3 " neg" }'
