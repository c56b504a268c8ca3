todo=todo.txt; touch $todo
add() { echo "[ ] $*" >> $todo; echo "added: $*"; }
list() { [ -s $todo ] || { echo "nothing"; return; }; nl -w1 -s'. ' $todo; }
complete() { sed -i "${1}s/\[ \]/[x]/" $todo; }
remove() { sed -i "${1}d" $todo; }
list; add buy milk; add "write code"; add sleep; list; complete 2; remove 1; list
echo "open: $(grep -c '^\[ \]' $todo) done: $(grep -c '^\[x\]' $todo)"
rm $todo
