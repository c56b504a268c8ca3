s="The quick brown fox"
rev <<< "$s"
echo "$s" | tr 'a-z' 'A-Z'
words=($s); echo "${#words[@]} words, longest:"; for w in $s; do echo "${#w} $w"; done | sort -rn | head -1
palindrome() { local t=${1,,}; t=${t//[^a-z]/}; [ "$t" = "$(rev <<< "$t")" ] && echo "yes: $1" || echo "no: $1"; }
palindrome "A man, a plan, a canal: Panama"; palindrome hello
vowels=${s//[^aeiouAEIOU]/}; echo "${#vowels} vowels"
for ((i = 0; i < ${#s}; i += 5)); do echo "[${s:i:5}]"; done
caesar() { tr 'A-Za-z' 'N-ZA-Mn-za-m' <<< "$1"; }; caesar "Hello"; caesar "$(caesar Hello)"
repeat() { printf "%0.s$1" $(seq $2); echo; }; repeat ab 3
pad=$(printf '%-10s|' hi); echo "$pad"
trim() { local v=$1; v="${v#"${v%%[![:space:]]*}"}"; v="${v%"${v##*[![:space:]]}"}"; echo "[$v]"; }; trim "  both sides  "
[[ $s == *quick* ]] && echo contains; [[ $s == The* ]] && echo starts
echo "${s%% *} ${s##* }"
count() { local t=${1//[^$2]/}; echo ${#t}; }; count banana a
echo "a-b-c" | tr - _ | tr -d _ ; echo "aabbcc" | tr -s a-c; echo "hello" | fold -w2
