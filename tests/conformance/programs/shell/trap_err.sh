set -E
trap 'echo "error on line $LINENO: status $?"' ERR
false
echo continuing
ls nofile 2>/dev/null
if false; then :; fi
false || true
! true
f() { false; echo "in f"; }
f
trap - ERR
false
echo end
