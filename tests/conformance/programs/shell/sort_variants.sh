printf '10\n9\n2\n1\n30\n' > n; sort n | tr '\n' ' '; sort -n n | tr '\n' ' '; sort -rn n | tr '\n' ' '; echo
printf 'bob 25\nalice 30\ncarol 25\n' > p; sort -k2n p; sort -k2,2n -k1,1r p; sort -k2,2nr -k1 p
printf 'b\na\nB\nA\n' | sort; printf 'b\na\nB\nA\n' | sort -f
printf 'x\ny\nx\n' | sort -u; sort -t: -k2 <<< $'a:3\nb:1\nc:2'
printf '1K\n2M\n500\n1G\n' | sort -h; printf 'v1.10\nv1.9\nv1.2\n' | sort -V
printf 'Mar\nJan\nFeb\n' | sort -M; printf '3.5\n-1\n2e2\n' | sort -g
sort -c n 2>/dev/null || echo "unsorted"; sort -n n -o n; cat n | head -1
printf 'a 2\na 1\n' | sort -s -k1,1; printf '  b\n a\n' | sort -b
sort -t, -k3,3n -k1,1 <<< $'x,1,5\ny,2,3\na,9,5'
printf 'b\na\n' > x; printf 'd\nc\n' > y; sort x y | tr '\n' ' '; echo
printf 'f10\nf2\nf1\n' | sort -k1.2n; sort -R n | sort -n | head -1; printf 'a\0c\0b\0' | sort -z | tr '\0' '\n'
printf 'one\ntwo\nthree\n' | awk '{ print length, $0 }' | sort -n | cut -d' ' -f2-
