score=0 total=0
ask() { local q=$1 want=$2 got; printf '%s ' "$q"; read -r got || return 1; ((total++)); if [[ ${got,,} == "${want,,}" ]]; then echo "right"; ((score++)); else echo "wrong (it is $want)"; fi; }
ask "2+2?" 4; ask "Capital of France?" paris; ask "Largest planet?" Jupiter
ask "extra?" none || echo "no more answers"
echo "score $score/$total ($((100 * score / total))%)"
case $((100 * score / total)) in 100) echo A;; [6-9]?) echo B;; *) echo C;; esac
