declare -A stock=([apples]=5 [pears]=0)
while read -r cmd item n; do
  case $cmd in
    add) stock[$item]=$((${stock[$item]:-0} + n)); echo "added $n $item" ;;
    take) if ((${stock[$item]:-0} < n)); then echo "not enough $item"; else ((stock[$item] -= n)); echo "took $n $item"; fi ;;
    show) for i in $(printf '%s\n' "${!stock[@]}" | sort); do printf '%-8s %3d\n' "$i" "${stock[$i]}"; done ;;
    quit) break ;;
    *) echo "what is '$cmd'?" ;;
  esac
done
echo "${#stock[@]} kinds"
