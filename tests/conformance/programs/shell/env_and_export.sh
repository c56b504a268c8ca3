export A=1 B="two words"; env | grep -E '^(A|B)=' | sort
C=local; bash -c 'echo "[$A][$C]"'
X=temp bash -c 'echo $X'; echo "[${X-}]"
env Y=5 bash -c 'echo $Y'; env -i Z=1 /bin/bash -c 'echo "${A-none} $Z"'
printenv B; printenv NOPE || echo "unset"
f() { echo "in f: $A"; }; export -f f; bash -c f
A=2 f; echo $A; (export A=3; bash -c 'echo $A'); echo $A
unset A; bash -c 'echo "${A-gone}"'
env -u B bash -c 'echo "${B-removed}"'; PATH_BACKUP=$PATH; [ -n "$PATH" ] && echo "path set"
declare -x D=exported; sh -c 'echo $D'; IFS=: bash -c 'echo "a:b" | { read x y; echo $y; }'
HOME=/nowhere; echo ~; cd ~ 2>/dev/null || echo "no home"
export -p | grep -c 'declare -x D='
