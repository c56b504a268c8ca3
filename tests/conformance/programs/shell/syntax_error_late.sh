echo "this runs"
x=5
echo "so does this $x"
if [ $x -eq 5 ]; then
  echo yes
fi
for i in 1 2; do
  echo $i
echo "missing done"
