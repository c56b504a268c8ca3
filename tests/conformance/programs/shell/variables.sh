first=Ada last=Lovelace
full="$first $last"
echo "$full"; echo "${first}_$last"
readonly PI=3.14159
echo $PI
unset first
echo "first is '${first}'"
count=5; count=$((count + 1)); echo "$count"
let count*=2; echo $count
((count -= 3)); echo $count
declare -i n=7; n="n * 2"; echo $n
export GREETING=hi; bash -c 'echo "child sees $GREETING"'
x=1; y=$x; x=2; echo "$x $y"
a= b=; echo "[${a}][${b-unset}]"
