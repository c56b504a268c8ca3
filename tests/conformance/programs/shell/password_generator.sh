RANDOM=7
gen() { local chars=abcdefghijkmnpqrstuvwxyz23456789 out= i; for ((i = 0; i < $1; i++)); do out+=${chars:RANDOM % ${#chars}:1}; done; echo "$out"; }
gen 8; gen 12
strength() { local p=$1 s=0; [[ ${#p} -ge 8 ]] && ((s++)); [[ $p =~ [A-Z] ]] && ((s++)); [[ $p =~ [0-9] ]] && ((s++)); [[ $p =~ [^A-Za-z0-9] ]] && ((s++)); echo "$p: $s/4"; }
strength abc; strength Abcdefg1; strength 'Abc!defg1'
tr -dc 'a-z0-9' < /dev/urandom | head -c 10 | wc -c
