n=0; for bit in 0 2 5; do ((n |= 1 << bit)); done; echo $n
for ((i = 7; i >= 0; i--)); do printf '%d' $(( (n >> i) & 1 )); done; echo
printf '%x %o %08d\n' $n $n "$(echo "obase=2; $n" | bc)"
count=0; x=255; while ((x)); do ((count += x & 1, x >>= 1)); done; echo $count
echo $((0xff ^ 0x0f)) $((~0)) $((1 << 40)) $((5 & ~1))
ip2int() { local IFS=. a b c d; read -r a b c d <<< "$1"; echo $(( (a << 24) + (b << 16) + (c << 8) + d )); }; ip2int 192.168.1.1
int2ip() { local n=$1; echo "$((n >> 24 & 255)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255))"; }; int2ip 3232235777
