items=("Widget:4:3.50" "Gadget:10:12.25" "Thing:1:100")
printf '%-10s %5s %10s\n' Item Qty Total; printf '%.0s-' {1..27}; echo
grand=0
for i in "${items[@]}"; do IFS=: read -r n q p <<< "$i"; t=$(echo "$q * $p" | bc); printf '%-10s %5d %10.2f\n' "$n" "$q" "$t"; grand=$(echo "$grand + $t" | bc); done
printf '%-16s %10.2f\n' TOTAL "$grand"
cat <<HTML > out.html
<ul>
$(for i in "${items[@]}"; do echo "  <li>${i%%:*}</li>"; done)
</ul>
HTML
cat out.html; wc -l < out.html
bar() { printf '%-8s %s %d\n' "$1" "$(printf '#%.0s' $(seq 1 $2))" $2; }; bar cpu 5; bar mem 12
