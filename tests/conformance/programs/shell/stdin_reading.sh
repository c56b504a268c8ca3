read -r first
echo "First: $first"
read -r a b rest
echo "a=$a b=$b rest=$rest"
IFS=, read -r x y z
echo "$z $y $x"
read -n 3 abc; echo "abc=$abc"
read -r remainder; echo "remainder=$remainder"
read -d ';' upto; echo "upto=$upto"
read -r _
mapfile -t -n 2 two; echo "${two[0]}+${two[1]}"
count=0
while IFS= read -r line; do count=$((count + 1)); printf '%d:[%s]\n' "$count" "$line"; done
read -r nothing || echo "eof"
