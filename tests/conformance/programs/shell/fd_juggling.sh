exec 3>&1; echo to3 >&3; out=$(echo captured; echo direct >&3); echo "out=$out"; exec 3>&-
exec {fd}> file; echo via >&$fd; exec {fd}>&-; cat file
exec 6< file; while read -r -u 6 l; do echo "6:$l"; done; exec 6<&-
{ read -r a; read -r b; } < <(printf '1\n2\n'); echo "$a$b"
while read -r x <&4; do read -r y <&5; echo "$x$y"; done 4< <(seq 2) 5< <(printf 'a\nb\n')
(echo e >&2) 2>&1 | cat; { echo a >&2; } 2> errs; cat errs
exec 7>&1 8>&2; exec > all.txt; echo hidden; exec >&7; cat all.txt
f() { echo out; echo err >&2; }; { e=$(f 2>&1 >&9); } 9>/dev/null; echo "e=$e"
echo x 2>&1 >/dev/null; echo "[$(echo y >&2 2>/dev/null)]" 2>/dev/null
exec 5<<< "here string fd"; cat <&5; exec 5<&-
tee a b < <(echo t) | cat; cat a b; echo z >&11 2>/dev/null || echo "bad fd"
