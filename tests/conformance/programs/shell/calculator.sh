calc() {
  local a=$1 op=$2 b=$3
  case $op in
    +) echo $((a + b)) ;; -) echo $((a - b)) ;; x|\*) echo $((a * b)) ;;
    /) if ((b == 0)); then echo "division by zero" >&2; return 1; fi; echo "scale=2; $a / $b" | bc ;;
    ^) echo $((a ** b)) ;;
    *) echo "unknown operator: $op" >&2; return 2 ;;
  esac
}
while read -r a op b; do printf '%s %s %s = ' "$a" "$op" "$b"; calc "$a" "$op" "$b" || echo "error $?"; done 2>/dev/null
