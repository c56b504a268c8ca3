n=0
while IFS= read -r line; do printf '%3d  %s\n' $((++n)) "$line"; done < "$0" | head -4
grep -c '' "$0"; sed -n '2p' "$0"; awk 'END { print NR }' "$0"; echo "line $LINENO"
wc -l < "$0"; tail -1 "$0" | cut -c1-10; cat -n "$0" | sed -n 3p
