email="user.name@example.com"
if [[ $email =~ ^([^@]+)@([^.]+)\.(.+)$ ]]; then echo "${BASH_REMATCH[1]} at ${BASH_REMATCH[2]} dot ${BASH_REMATCH[3]}"; fi
date_re='^([0-9]{4})-([0-9]{2})-([0-9]{2})$'
for d in 2024-02-29 24-2-9 2023-12-01; do if [[ $d =~ $date_re ]]; then echo "$d ok year=${BASH_REMATCH[1]}"; else echo "$d bad"; fi; done
[[ "foo123" =~ [0-9]+ ]] && echo "number ${BASH_REMATCH[0]}"
[[ "a.b" =~ a\.b ]] && echo literal; [[ "axb" =~ a\.b ]] || echo "no match"
[[ "a+b" =~ "a+b" ]] && echo quoted
[[ "line one" =~ ^line[[:space:]]one$ ]] && echo space
v="x=1;y=22"; while [[ $v =~ ([a-z])=([0-9]+) ]]; do echo "${BASH_REMATCH[1]}:${BASH_REMATCH[2]}"; v=${v#*"${BASH_REMATCH[0]}"}; done
ip=192.168.1.254; [[ $ip =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] && echo "looks like an ip"
[[ abc =~ b ]] ; echo "$? ${#BASH_REMATCH[@]}"
shopt -s nocasematch; [[ HELLO =~ hello ]] && echo nocase
