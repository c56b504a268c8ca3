a=(1 2 3 4) b=(3 4 5)
declare -A in; for x in "${b[@]}"; do in[$x]=1; done
for x in "${a[@]}"; do [[ ${in[$x]-} ]] && both+=($x) || only+=($x); done; echo "both ${both[*]} only ${only[*]}"
printf '%s\n' "${a[@]}" "${b[@]}" | sort -nu | tr '\n' ' '; echo
comm -12 <(printf '%s\n' "${a[@]}" | sort) <(printf '%s\n' "${b[@]}" | sort)
uniq_list() { declare -A s; local o=(); for x; do [[ ${s[$x]-} ]] || { s[$x]=1; o+=("$x"); }; done; echo "${o[@]}"; }; uniq_list c a b a c d
contains() { local e; for e in "${@:2}"; do [[ $e == "$1" ]] && return; done; return 1; }; contains 3 "${a[@]}" && echo "has 3"; contains 9 "${a[@]}" || echo "no 9"
subset() { local x; for x; do contains "$x" "${a[@]}" || return 1; done; }; subset 1 2 && echo subset; reverse() { local i; for ((i = $#; i > 0; i--)); do printf '%s ' "${!i}"; done; echo; }; reverse x y z
grep -vxFf <(printf '%s\n' "${b[@]}") <(printf '%s\n' "${a[@]}")
