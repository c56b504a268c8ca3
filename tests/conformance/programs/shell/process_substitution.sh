diff <(printf 'a\nb\nc\n') <(printf 'a\nx\nc\n')
comm -12 <(printf '1\n2\n3\n') <(printf '2\n3\n4\n')
while read -r x; do last=$x; done < <(seq 4); echo "last $last"
paste <(seq 3) <(seq 4 6)
cat <(echo hello)
wc -l < <(printf '1\n2\n')
sort -m <(printf 'a\nc\n') <(printf 'b\nd\n')
mapfile -t arr < <(printf 'x\ny z\n'); echo "${#arr[@]}" "${arr[1]}"
f() { cat "$1" "$2"; }; f <(echo one) <(echo two)
tee >(wc -c) < <(echo 12345) > /dev/null; wait
