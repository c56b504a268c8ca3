printf 'apple pie\nBanana split\ncherry tart\napple cake\n123-456\n' > f; mkdir d; echo "apple in d" > d/g
grep apple f; grep -i banana f; grep -v apple f; grep -c apple f; grep -n cherry f
grep -o 'a[a-z]*' f | head -3; grep -w pie f; grep -x '123-456' f; grep -E 'pie|cake' f; grep -F '3-4' f
grep -E '^[0-9]{3}-[0-9]{3}$' f; grep '^[^aB]' f; grep 'a.*e' f; grep -E '(an)+' f; grep '\(an\)\{2\}' f
grep -l apple f d/g; grep -L apple f d/g; grep -r apple . | sort; grep -rl apple . | sort; grep -h apple f d/g
grep -A1 cherry f; grep -B1 cherry f; grep -C1 Banana f; grep -m1 apple f
grep -q apple f && echo found; grep -q zzz f || echo "not found $?"
grep -e apple -e cherry f | wc -l; echo "apple" | grep -f - f | wc -l
grep zzz nofile 2>/dev/null; echo $?
grep -nH cake f; grep -co a f; grep -P '\d{3}-\d+' f; grep -oP '(?<=apple )\w+' f
grep '[[:upper:]]' f; grep -i 'B.*T$' f; echo "a.b" | grep -F . ; echo "tab	x" | grep -P '\t'
printf 'one\ntwo\n' | grep -n ''; grep -vn a f; grep -E 'a{2}' <<< "baab"; grep -s x nofile; echo $?
egrep 'pie|tart' f; fgrep '-4' f; grep -- '-4' f; grep --color=never cake f; grep -e '-456' f
