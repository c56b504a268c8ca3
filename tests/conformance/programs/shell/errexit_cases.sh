set -e
f() { false; echo "f continues"; }
if f; then echo "cond ok"; fi
f || echo never
f && echo "and"
! f
echo "$(false; echo sub continues)"
x=$(echo fine)
while false; do :; done
{ true; }
(set +e; false; echo "plus e")
g() { return 3; }
g && echo no
echo "status is $?"
( false; echo unreached )
echo unreached too
