s="héllo wörld"
echo "${#s}" "${s:1:4}" "${s^^}" "${s//ö/o}"
for ((i = 0; i < 5; i++)); do printf '%s.' "${s:i:1}"; done; echo
echo "日本語" | wc -m; x="日本語"; echo "${x:1:1} ${#x}"
echo "naïve café" | grep -o 'caf.'; echo "ñandú" | sed 's/./X/g'; echo "über" | cut -c1-2 | od -An -tx1
[[ é == ? ]] && echo "one char"; printf '%s\n' "$s" | rev; echo "🎉🎈" | wc -m; e="🎉x"; echo "${#e} ${e:1}"
printf '%-8s|\n' "é"; echo $'\u2713 done'; echo "a→b" | tr -d 'ab'; awk '{ print length($0), toupper($1) }' <<< "abc def"
