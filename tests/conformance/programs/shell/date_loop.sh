start=2024-02-26; end=2024-03-02; d=$start
while [[ ! $d > $end ]]; do date -u -d "$d" '+%F %a'; d=$(date -u -d "$d + 1 day" +%F); done
days() { echo $(( ($(date -u -d "$2" +%s) - $(date -u -d "$1" +%s)) / 86400 )); }; days 2024-01-01 2024-12-31
leap() { (( $1 % 4 == 0 && $1 % 100 != 0 || $1 % 400 == 0 )) && echo "$1 leap" || echo "$1 common"; }; for y in 1900 2000 2023 2024; do leap $y; done
