printf 'one\ntwo\nthree\nfour\n' > a; printf 'one\n2\nthree\nfour\nfive\n' > b
diff a b; echo "status $?"
diff -u a b | tail -n +3
diff a a && echo same; diff -q a b; diff -s a a
diff -u a b | sed '1,2s/\t.*//' > p; patch -s a < p 2>/dev/null; cmp a b && echo patched
diff <(echo x) <(echo y); diff -i <(echo A) <(echo a) && echo nocase; diff -w <(echo "a  b") <(echo "a b") && echo blanks
printf 'a\nb\nc\nd\ne\nf\ng\n' > l; printf 'a\nb\nX\nd\ne\nf\nY\n' > r; diff l r; diff -y -W 20 l r | head -3
mkdir d1 d2; echo 1 > d1/f; echo 2 > d2/f; echo x > d1/only; diff -r d1 d2; diff -rq d1 d2
diff a nofile 2>/dev/null; echo $?; diff -c l r | tail -n +3 | head -8; diff --brief l r; cmp l r
printf 'no newline' > n1; printf 'no newline\n' > n2; diff n1 n2
