printf 'a\na\nb\nb\nb\nc\n' > f
uniq f; uniq -c f; uniq -d f; uniq -u f; uniq -i <<< $'A\na'
cut -d, -f1,3 <<< "a,b,c,d"; cut -c2-4 <<< "abcdef"; cut -d' ' -f2- <<< "x y z"; cut -f1 <<< $'t1\tt2'; cut -d: -f1 --complement <<< a:b:c; cut -d, -f2 -s <<< "none"; cut -c-3 <<< abcdef
paste -d, <(seq 3) <(seq 4 6); seq 4 | paste -sd+; seq 4 | paste - -; paste -s -d' ' f
join <(printf '1 a\n2 b\n') <(printf '1 x\n2 y\n'); join -t, -1 2 -2 1 <(printf 'p,1\nq,2\n') <(printf '1,one\n2,two\n'); join -a1 <(printf '1 a\n3 c\n') <(printf '1 x\n')
comm <(printf 'a\nb\n') <(printf 'b\nc\n'); comm -13 <(printf 'a\nb\n') <(printf 'b\nc\n')
tr -d aeiou <<< education; tr -s ' ' <<< "a   b"; tr '[:lower:]' '[:upper:]' <<< shout; tr -c 'a-z\n' _ <<< "a1b2"; tr 'a-c' 'x' <<< abcd; tr -cd '0-9\n' <<< "a1b2"; tr '\n' , <<< $'x\ny'; echo
head -n 2 f; head -c 3 f; echo; tail -n 2 f; tail -n +5 f; head -n -4 f; tail -c 2 f; seq 20 | head -5 | tail -1; head -1 f
tac <<< $'1\n2\n3'; rev <<< "abc def"; nl <<< $'x\n\ny'; nl -ba <<< $'x\n\ny'; nl -w2 -s'. ' <<< $'p\nq'
wc f; wc -l < f; wc -w <<< "a b c"; wc -c <<< abc; wc -m <<< "é"; wc -L <<< $'ab\nabcd'
fold -w 5 <<< "abcdefghijk"; fold -s -w 10 <<< "the quick brown fox"; expand -t4 <<< $'a\tb'; unexpand -a -t4 <<< "a   b   c"
column -t <<< $'a bb ccc\ndddd e f'; column -t -s, <<< $'x,yy\nzzz,w'; cat -n f | head -2; cat -A <<< $'t\tx'; cat -s <<< $'a\n\n\nb'
seq 3; seq 2 4; seq 1 3 10; seq -s, 5; seq -w 8 10; seq 5 -2 1; seq 0.5 0.5 1.5; seq -f 'n%02g' 2
split -l 2 f part_; ls part_*; cat part_aa; shuf -i 1-5 | sort -n | tr '\n' ' '; echo; tee t1 <<< teed; cat t1
