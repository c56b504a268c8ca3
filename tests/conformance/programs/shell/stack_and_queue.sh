stack=(); push() { stack+=("$1"); }; pop() { [ ${#stack[@]} -eq 0 ] && { echo "empty"; return 1; }; top=${stack[-1]}; unset 'stack[-1]'; echo "popped $top"; }
push 1; push 2; push 3; pop; pop; echo "${stack[@]}"; pop; pop || echo "underflow"
queue=(a b c); echo "head ${queue[0]}"; queue=("${queue[@]:1}"); echo "${queue[*]} ${#queue[@]}"; queue+=(d); echo "${queue[@]}"
declare -A visited graph=([A]="B C" [B]="D" [C]="D" [D]=""); order=()
bfs() { local q=("$1") n m; visited[$1]=1; while ((${#q[@]})); do n=${q[0]}; q=("${q[@]:1}"); order+=($n); for m in ${graph[$n]}; do [[ ${visited[$m]} ]] || { visited[$m]=1; q+=($m); }; done; done; }
bfs A; echo "${order[*]}"
hanoi() { (($1 == 0)) && return; hanoi $(($1 - 1)) $2 $4 $3; echo "$2->$3"; hanoi $(($1 - 1)) $4 $3 $2; }; hanoi 3 A C B
