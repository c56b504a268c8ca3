cat > app.ini <<'E'
; comment
[server]
host = localhost
port=8080

[db]
user = admin
# other comment
pass = s3cr=et
E
declare -A cfg; section=
while IFS= read -r line; do
  line="${line%%[;#]*}"; line="${line#"${line%%[![:space:]]*}"}"; line="${line%"${line##*[![:space:]]}"}"
  [[ -z $line ]] && continue
  if [[ $line =~ ^\[(.+)\]$ ]]; then section=${BASH_REMATCH[1]}
  elif [[ $line =~ ^([^=]+)=(.*)$ ]]; then k=${BASH_REMATCH[1]%% }; v=${BASH_REMATCH[2]## }; cfg[$section.$k]=$v; fi
done < app.ini
for k in $(printf '%s\n' "${!cfg[@]}" | sort); do echo "$k=${cfg[$k]}"; done
echo "connect ${cfg[server.host]}:${cfg[server.port]}"
get() { sed -n "/^\[$1\]/,/^\[/ s/^$2 *= *//p" app.ini; }; get server port; get db user
cat > .env <<'E'
A=1
B="two words"
E
set -a; . ./.env; set +a; echo "$A $B"; bash -c 'echo $B'
