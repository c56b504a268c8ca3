echo "scale=2; 10 / 3" | bc
echo "3.5 + 2.25" | bc
echo "scale=4; sqrt(2)" | bc -l
awk 'BEGIN { printf "%.3f\n", 22 / 7 }'
avg() { awk -v s="$1" -v n="$2" 'BEGIN { printf "%.2f\n", s / n }'; }
avg 10 4
echo "2^100" | bc
echo "if (5 > 3) 1 else 0" | bc
bc <<< "scale=3; (1 + 2) * 3 / 7"
echo "obase=2; 10" | bc; echo "ibase=16; FF" | bc
printf '%.2f\n' "$(echo "scale=10; 1/3" | bc)"
echo "define f(x) { return x * x; } f(12)" | bc
echo "for (i = 0; i < 3; i++) i" | bc
