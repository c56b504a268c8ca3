printf 'alpha\nbeta\ngamma\n' > f
mapfile -t lines < f
echo "${#lines[@]} ${lines[0]} ${lines[-1]}"
mapfile raw < f; printf '%s' "${raw[@]}"
readarray -t -s 1 -n 1 mid < f; echo "${mid[0]}"
mapfile -t -O 2 lines < f; echo "${#lines[@]} ${lines[2]}"
mapfile -d , -t parts <<< "a,b,c"; printf '[%s]' "${parts[@]}"; echo
for ((i = ${#lines[@]} - 1; i >= 0; i--)); do echo "${lines[i]}"; done
mapfile -t < f; echo "${MAPFILE[1]}"
mapfile -t empty < /dev/null; echo "${#empty[@]}"
