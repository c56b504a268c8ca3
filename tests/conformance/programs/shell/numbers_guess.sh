secret=42; tries=0
while read -r guess; do
  ((tries++))
  if ! [[ $guess =~ ^-?[0-9]+$ ]]; then echo "not a number: $guess"; continue; fi
  if ((guess < secret)); then echo "$guess is too low"; elif ((guess > secret)); then echo "$guess is too high"; else echo "correct in $tries tries"; break; fi
done
