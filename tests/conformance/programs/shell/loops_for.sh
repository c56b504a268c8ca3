for i in 1 2 3; do echo -n "$i "; done; echo
for i in {1..10..3}; do echo -n "$i "; done; echo
for ((i = 10; i > 0; i -= 3)); do echo -n "$i "; done; echo
for word in "a b" c; do echo "[$word]"; done
for f in $(echo x y z); do echo -n "$f-"; done; echo
for i in $(seq 2 2 8); do echo -n "$i "; done; echo
for ((i = 0, j = 10; i < j; i += 3, j -= 2)); do echo "$i $j"; done
for i in 1 2 3; do for j in a b; do [ $i = 2 ] && continue 2; echo -n "$i$j "; done; done; echo
for i in {1..5}; do [ $i -eq 4 ] && break; echo $i; done
for x; do echo never; done
set -- p q; for x; do echo "arg $x"; done
for c in {a..e}; do printf %s $c; done; echo
for ((;;)); do echo once; break; done
n=0; for _ in {1..100}; do ((n += 2)); done; echo $n
for i in "" one; do echo "<$i>"; done
