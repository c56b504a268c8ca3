fruits=(apple banana cherry)
echo "${fruits[0]} ${fruits[-1]} ${#fruits[@]}"
fruits+=(date "elder berry")
for f in "${fruits[@]}"; do echo "- $f"; done
for i in "${!fruits[@]}"; do echo "$i: ${fruits[i]}"; done
fruits[10]=kiwi
echo "${!fruits[@]}" "${#fruits[@]}"
unset 'fruits[1]'
echo "${fruits[@]:1:2}"
copy=("${fruits[@]}"); echo "${#copy[@]}"
echo "${fruits[@]/a/A}"
echo "${fruits[*]%e}"
IFS=,; echo "${copy[*]}"; unset IFS
sorted=($(printf '%s\n' "${copy[@]}" | sort -r)); echo "${sorted[0]}"
matrix=("1 2 3" "4 5 6"); for row in "${matrix[@]}"; do read -ra cells <<< "$row"; echo "${cells[2]}"; done
echo "${#fruits[0]}"
declare -p copy
empty=(); echo "${#empty[@]}" "${empty[@]:-none}"
nums=(5 3 9); sum=0; for n in "${nums[@]}"; do ((sum += n)); done; echo $sum
[[ " ${nums[*]} " == *" 3 "* ]] && echo found
