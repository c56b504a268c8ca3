board=(. . . . . . . . .)
show() { for r in 0 3 6; do echo "${board[r]} ${board[r+1]} ${board[r+2]}"; done; }
wins() { local p=$1 l; for l in "0 1 2" "3 4 5" "6 7 8" "0 3 6" "1 4 7" "2 5 8" "0 4 8" "2 4 6"; do set -- $l; [[ ${board[$1]}${board[$2]}${board[$3]} == "$p$p$p" ]] && return 0; done; return 1; }
player=X
for move in 4 0 2 6 3 3 5; do
  [[ ${board[move]} == . ]] || { echo "taken: $move"; continue; }
  board[move]=$player
  if wins $player; then echo "$player wins"; break; fi
  [[ $player == X ]] && player=O || player=X
done
show
