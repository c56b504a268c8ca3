url="https://user@example.com:8080/path/to/page.html?x=1&y=two#frag"
proto=${url%%://*}; rest=${url#*://}; hostport=${rest%%/*}; host=${hostport#*@}; path=/${rest#*/}; query=${path#*\?}; query=${query%%#*}
echo "$proto|${host%:*}|${host#*:}|${path%%\?*}|$query|${url##*#}"
IFS='&' read -ra pairs <<< "$query"; for p in "${pairs[@]}"; do echo "${p%%=*} -> ${p#*=}"; done
urlencode() { local s=$1 o= c; for ((i = 0; i < ${#s}; i++)); do c=${s:i:1}; case $c in [a-zA-Z0-9.~_-]) o+=$c;; *) printf -v h '%%%02X' "'$c"; o+=$h;; esac; done; echo "$o"; }; urlencode "a b&c=d/e"
urldecode() { local s=${1//+/ }; printf '%b\n' "${s//%/\\x}"; }; urldecode "a%20b%26c+d"
[[ $url =~ ^([a-z]+)://([^/]+)(/[^?#]*) ]] && printf '%s\n' "${BASH_REMATCH[@]:1}"
