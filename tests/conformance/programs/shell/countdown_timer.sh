for ((i = 3; i > 0; i--)); do printf '%d... ' $i; sleep 0.01; done; echo liftoff
elapsed() { local s=$SECONDS; "$@"; echo "took $((SECONDS - s))s"; }; elapsed sleep 0.01
deadline=$(($(date +%s) + 1)); n=0; while (($(date +%s) < deadline + 1)); do ((n++)); ((n >= 3)) && break; done; echo "$n rounds"
spin='-\|/'; for i in {0..3}; do printf '%s' "${spin:i%4:1}"; done; echo
progress() { local d=$(($1 * 10 / $2)); printf '[%-10s] %d%%\n' "$(printf '#%.0s' $(seq 1 $d))" $((100 * $1 / $2)); }; progress 5 10; progress 10 10
