shopt -s extglob
for s in a aa ab b abc "" 123 a1; do
  r=
  [[ $s == +(a) ]] && r+=" +a"; [[ $s == ?(a)b ]] && r+=" ?ab"; [[ $s == *(a|b) ]] && r+=" *ab"; [[ $s == @(a|abc) ]] && r+=" @"; [[ $s == !(a*) ]] && r+=" !a"; [[ $s == +([0-9]) ]] && r+=" num"
  echo "[$s]$r"
done
v="   trim me   "; v=${v##+( )}; v=${v%%+( )}; echo "[$v]"
echo "${x:-a//b///c}" | { read l; echo "${l//+(\/)//}"; }
f=archive.tar.gz; echo "${f%.@(gz|bz2)}" "${f%%.*([a-z.])}"
case 2024-01-02 in +([0-9])-??-??) echo date;; esac
touch img1.png img2.jpg notes.txt; echo !(*.txt); echo *.@(png|jpg); rm -f img*.@(png|jpg) notes.txt
w="hello123"; echo "${w//[0-9]/}" "${w//[!0-9]/}"
