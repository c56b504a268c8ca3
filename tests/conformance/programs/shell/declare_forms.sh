declare -i num=5; num+=3; echo $num; num=2*4; echo $num
declare -r CONST=1; (CONST=2) 2>/dev/null || echo "readonly"
declare -l low=HELLO; declare -u up=hello; echo $low $up
declare -x EXPORTED=yes; bash -c 'echo $EXPORTED'
declare -a list=(1 2); declare -A map=([a]=1); declare -p list map num low
f() { echo x; }; declare -F f
declare -f missing || echo "no function"
export A=1; export -n A; bash -c 'echo "[$A]"'
typeset t=5; echo $t
declare v; echo "[${v-unset}]"
declare a1=1 b1=2; echo $a1$b1
readonly R=9; R=1 2>/dev/null; echo $R
declare -i bad=abc; echo $bad
declare "dyn_$num=made"; echo $dyn_8
printf -v "arr[2]" %s third; echo "${arr[2]} ${#arr[@]}"
unset map; declare -p map 2>/dev/null || echo gone
