arr=(64 25 12 22 11 90 5)
bubble() { local -a a=("$@"); local n=${#a[@]} i j t; for ((i = 0; i < n; i++)); do for ((j = 0; j < n - i - 1; j++)); do if ((a[j] > a[j + 1])); then t=${a[j]}; a[j]=${a[j+1]}; a[j+1]=$t; fi; done; done; echo "${a[@]}"; }
bubble "${arr[@]}"
qsort() { (($# < 2)) && { echo "$@"; return; }; local p=$1 lo=() hi=() x; shift; for x; do if ((x < p)); then lo+=($x); else hi+=($x); fi; done; echo $(qsort "${lo[@]}") $p $(qsort "${hi[@]}"); }
qsort "${arr[@]}"
max=${arr[0]}; for n in "${arr[@]}"; do ((n > max)) && max=$n; done; echo "max $max"
printf '%s\n' "${arr[@]}" | sort -n | tr '\n' ' '; echo
bsearch() { local t=$1; shift; local a=("$@") lo=0 hi=$(($# - 1)) mid; while ((lo <= hi)); do ((mid = (lo + hi) / 2)); if ((a[mid] == t)); then echo "found at $mid"; return; elif ((a[mid] < t)); then ((lo = mid + 1)); else ((hi = mid - 1)); fi; done; echo missing; }
bsearch 22 5 11 12 22 25; bsearch 7 5 11 12
rev=(); for ((i = ${#arr[@]} - 1; i >= 0; i--)); do rev+=("${arr[i]}"); done; echo "${rev[*]}"
