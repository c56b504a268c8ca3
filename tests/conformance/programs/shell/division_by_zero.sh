echo before
echo $((1 / 0))
echo "still running $?"
x=0; ((10 / x)) || echo "arith failed"
let "y = 5 / 0" || echo "let failed"
f() { echo $((1 % 0)); echo "not here"; }
f
echo "after f"
