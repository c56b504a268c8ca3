x=global
f() { local x=local; echo "f: $x"; g; }
g() { echo "g sees: $x"; x=changed; }
f; echo "after: $x"
g; echo "after g: $x"
h() { y=leaked; local z=hidden; }; h; echo "$y [${z-}]"
sub() ( x=subshell; echo "in sub: $x" ); sub; echo "$x"
dec() { declare v=in; declare -g w=out; echo "$v"; }; dec; echo "[${v-}] $w"
arr() { local -a a=(1 2 3); local -A m=([k]=v); echo "${#a[@]} ${m[k]}"; }; arr; echo "${a[@]-none}"
deep() { local n=$1; [ $n -gt 0 ] && deep $((n - 1)); echo -n "$n "; }; deep 4; echo
args() { set -- new args; echo "$1 $2"; }; set -- keep; args; echo "$1"
ro() { local -r c=1; echo $c; }; ro; ro
i() { local i=$1; echo $((i * 2)); }; i 21
p() { local IFS=-; echo "$*"; }; p a b c; echo "a b"
