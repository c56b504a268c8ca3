cat > p.txt <<'E'
The quick brown fox jumps over the lazy dog and then runs away into the deep dark forest where nobody can find it again.
It was never seen after that.

Second paragraph is short.
E
fold -s -w 40 p.txt
fmt -w 80 <<< "short line"
wc -w p.txt
E=1; echo $E
