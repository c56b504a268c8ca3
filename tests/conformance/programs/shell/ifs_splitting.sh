line="a:b::c"
IFS=:; for f in $line; do echo "[$f]"; done; unset IFS
IFS=, read -ra parts <<< "x,y,,z,"; echo "${#parts[@]}"; printf '<%s>' "${parts[@]}"; echo
v="  lead and trail  "; set -- $v; echo $# "$1"
IFS=' ,'; set -- $(echo "a, b ,c"); echo "$#: $*"; unset IFS
path=/usr/bin:/bin:/opt; IFS=: read -ra dirs <<< "$path"; for d in "${dirs[@]}"; do echo "$d"; done
old=$IFS; IFS=$'\n'; for l in $(printf 'one two\nthree four\n'); do echo "($l)"; done; IFS=$old
s="k1=v1;k2=v2"; IFS=';'; for kv in $s; do echo "${kv%%=*} is ${kv#*=}"; done; unset IFS
join() { local IFS=$1; shift; echo "$*"; }; join / a b c
IFS=; v="a b"; set -- $v; echo $#; unset IFS
read -r x y <<< "   spaced    out   "; echo "[$x][$y]"
IFS= read -r keep <<< "  keep  "; echo "[$keep]"
IFS=: read -r a b <<< "1:2:3"; echo "$a $b"
IFS=$'\t' read -r t1 t2 <<< $'col one\tcol two'; echo "$t2"
