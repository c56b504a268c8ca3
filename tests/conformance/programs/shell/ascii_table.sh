for i in {65..70}; do printf '%3d %02x %03o \\x%x %b\n' $i $i $i $i "\\x$(printf %x $i)"; done
ord() { printf '%d' "'$1"; }; chr() { printf "\\$(printf '%03o' "$1")"; }; echo "$(ord A) $(chr 97)"
s=hello; for ((i = 0; i < ${#s}; i++)); do c=${s:i:1}; printf '%s=%d ' "$c" "'$c"; done; echo
hexs=$(printf 'Hi!' | od -An -tx1 | tr -d ' \n'); echo "$hexs"; printf '%b\n' "$(sed 's/../\\x&/g' <<< "$hexs")"
rot() { local o= c n; for ((i = 0; i < ${#1}; i++)); do c=${1:i:1}; case $c in [a-z]) n=$(( ($(ord "$c") - 97 + $2) % 26 + 97 )); o+=$(chr $n);; *) o+=$c;; esac; done; echo "$o"; }; rot "hello, zoo" 3
