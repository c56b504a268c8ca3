name=color; color=blue
echo "${!name}"
prefix_one=1; prefix_two=2
echo "${!prefix_*}"
for v in "${!prefix_@}"; do echo "$v=${!v}"; done
arr=(x y z); ref='arr[1]'; echo "${!ref}"
ref='arr[@]'; echo "${!ref}"
declare -n alias_of=color; alias_of=red; echo "$color"
swap() { local -n a=$1 b=$2; local t=$a; a=$b; b=$t; }
p=1 q=2; swap p q; echo "$p $q"
fill() { local -n out=$1; out=(a "b c"); }
fill made; echo "${#made[@]} ${made[1]}"
