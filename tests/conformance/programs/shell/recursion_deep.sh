sum() { local n=$1; if ((n == 0)); then REPLY=0; else sum $((n - 1)); ((REPLY += n)); fi; }
sum 500; echo $REPLY
ackermann() { local m=$1 n=$2; if ((m == 0)); then R=$((n + 1)); elif ((n == 0)); then ackermann $((m - 1)) 1; else ackermann $m $((n - 1)); ackermann $((m - 1)) $R; fi; }
ackermann 2 3; echo $R
perm() { local prefix=$1 rest=$2 i; [ -z "$rest" ] && { echo "$prefix"; return; }; for ((i = 0; i < ${#rest}; i++)); do perm "$prefix${rest:i:1}" "${rest:0:i}${rest:i+1}"; done; }
perm "" abc
power() { (($2 == 0)) && { echo 1; return; }; echo $(($1 * $(power $1 $(($2 - 1))))); }; power 2 20
tree() { local d; for d in "$1"/*/; do [ -d "$d" ] || continue; echo "$2${d%/}"; tree "${d%/}" "$2  "; done; }; mkdir -p t/a/b t/c; tree t ""
