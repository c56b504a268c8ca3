balance=100 history=()
deposit() { (($1 > 0)) || { echo "invalid amount"; return 1; }; ((balance += $1)); history+=("+$1"); echo "Deposited $1. Balance: $balance"; }
withdraw() { if (($1 > balance)); then echo "Insufficient funds"; return 1; fi; ((balance -= $1)); history+=("-$1"); echo "Withdrew $1. Balance: $balance"; }
deposit 50; withdraw 30; withdraw 500 || echo "refused"; deposit -5 || :
printf 'Total: %d in %d steps (%s)\n' $balance ${#history[@]} "${history[*]}"
interest() { printf '%.2f\n' "$(echo "scale=4; $balance * (1 + $1 / 100)" | bc)"; }; interest 5
