for i in {1..20}; do
  out=""
  ((i % 3 == 0)) && out+=Fizz
  ((i % 5 == 0)) && out+=Buzz
  echo "${out:-$i}"
done
is_prime() { local n=$1 i; ((n < 2)) && return 1; for ((i = 2; i * i <= n; i++)); do ((n % i)) || return 1; done; }
for n in {1..30}; do is_prime $n && printf '%s ' $n; done; echo
sieve() { local n=$1; local -a c; for ((i = 2; i <= n; i++)); do [[ -n ${c[i]-} ]] && continue; printf '%d ' $i; for ((j = i * i; j <= n; j += i)); do c[j]=1; done; done; echo; }
sieve 50
gcd() { local a=$1 b=$2 t; while ((b)); do t=$((a % b)); a=$b; b=$t; done; echo $a; }; gcd 48 18
factor 360 97
bin() { local n=$1 r=; while ((n)); do r=$((n % 2))$r; ((n /= 2)); done; echo ${r:-0}; }; bin 37; bin 0
