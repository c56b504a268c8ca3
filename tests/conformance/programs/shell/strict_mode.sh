set -euo pipefail
echo start
if ! grep -q x <<< "abc"; then echo "no x"; fi
false || echo "handled"
v=${UNSET_VAR:-fallback}; echo $v
count=0; ((count += 1)); echo $count
r=$(false) || echo "caught $?"
f() { local x; x=$(echo ok); echo $x; }; f
for i in 1 2; do [ $i = 1 ] && continue; echo "i $i"; done
! false
echo "before"
ls nofile 2>/dev/null | cat
echo "never printed"
