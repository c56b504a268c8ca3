declare -A age=([alice]=30 [bob]=25)
age[carol]=41
age["dave smith"]=50
for name in "${!age[@]}"; do echo "$name: ${age[$name]}"; done | sort
echo "${#age[@]}"
unset 'age[bob]'
[[ -v age[alice] ]] && echo "has alice"; [[ -v age[bob] ]] || echo "no bob"
echo "${age[nobody]:-unknown}"
declare -A count
for w in the cat the dog the end; do ((count[$w]++)); done
for w in "${!count[@]}"; do echo "$w ${count[$w]}"; done | sort -k2,2nr -k1,1
key="x y"; count[$key]=7; echo "${count[x y]} ${count[$key]}"
total=0; for v in "${age[@]}"; do total=$((total + v)); done; echo $total
declare -A inverse; for k in "${!age[@]}"; do inverse[${age[$k]}]=$k; done; echo "${inverse[41]}"
declare -A m=([one]=1 [two]=2 [three]=3 [four]=4 [five]=5); echo "${!m[@]}"; echo "${m[@]}"
declare -p age
