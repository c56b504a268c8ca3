cleanup() { echo "cleanup (status $?)"; rm -f "$tmp"; }
trap cleanup EXIT
tmp=$(mktemp); [ -f "$tmp" ] && echo "temp made"
echo working
false
echo "after false"
(exit 9)
exit 3
