echo one > f; echo two >> f; cat f
cat < f | wc -l
ls nofile 2> err; [ -s err ] && echo "error captured"
{ echo out; echo err >&2; } > both 2>&1; cat both
{ echo out; echo err >&2; } &> both2; wc -l < both2
echo discarded > /dev/null
echo to_stderr >&2 2>/dev/null
exec 3> log; echo "line 1" >&3; echo "line 2" >&3; exec 3>&-; cat log
exec 4< f; read -u 4 a; read -u 4 b; exec 4<&-; echo "$a $b"
(echo swap_out; echo swap_err >&2) 3>&1 1>&2 2>&3 3>&- 2>/dev/null
while read -r x; do echo "r:$x"; done < f > g; cat g
> empty; wc -c < empty
echo a > "file with space"; cat "file with space"
f() { echo fout; echo ferr >&2; }; f 2>/dev/null; f > /dev/null 2>&1; echo done
set -o noclobber; echo x > f 2>/dev/null || echo "noclobber"; echo y >| f; cat f
exec 5<> rw; echo hello >&5; exec 5>&-; cat rw
echo x | tee a b > c; cat a b c | wc -l
if read -r v < f; then echo "v=$v"; fi
cat nofile 2>&1 | sed 's/.*: //'
rm err
