echo "C      F"; for c in -10 0 25 100; do printf '%-6d %.1f\n' $c "$(echo "scale=1; $c * 9 / 5 + 32" | bc)"; done
for ((f = 32; f <= 212; f += 60)); do echo "$f $(( (f - 32) * 5 / 9 ))"; done
awk 'BEGIN { for (k = 0; k <= 300; k += 100) printf "%dK = %.2fC\n", k, k - 273.15 }'
max=-99; for t in 3 -5 17 8; do ((t > max)) && max=$t; done; echo "max $max"
