greet() { echo "Hello, ${1:-stranger}!"; }
greet; greet Bob
function add { echo $(($1 + $2)); }
sum=$(add 3 4); echo $sum
is_even() { (( $1 % 2 == 0 )); }
for n in 1 2 3 4; do if is_even $n; then echo "$n even"; fi; done
ret() { return 42; }; ret; echo $?
all() { echo "$# args: $*"; for a in "$@"; do echo " $a"; done; }
all one "two three" four
counter=0; inc() { counter=$((counter + 1)); }; inc; inc; echo $counter
outer() { inner() { echo inner; }; inner; }; outer; inner
fact() { local n=$1; if ((n <= 1)); then echo 1; else echo $((n * $(fact $((n - 1))))); fi; }; fact 12
fib() { if (($1 < 2)); then echo $1; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }; fib 10
redefine() { echo v1; }; redefine() { echo v2; }; redefine
unset -f greet; type greet 2>/dev/null || echo "greet is gone"
f() { echo "${FUNCNAME[0]} called from ${FUNCNAME[1]}"; }; g() { f; }; g
last() { false; true; false; }; last || echo "failed with $?"
