date -u -d @0 '+%Y-%m-%d %H:%M:%S'
date -u -d '2024-02-28 +1 day' +%F; date -u -d '2024-03-01 -1 day' +%F; date -u -d '2023-02-28 + 1 day' +%F
date -u -d '2024-01-31' '+%A %a %B %b %d %e %j %U %u %w %y'
date -u -d '2024-07-04 15:30:45' '+%I:%M %p %H%M%S %T %R %D'
date -u -d '2024-01-01 12:00' +%s; date -u -d @1700000000 +%FT%TZ
date -u -d '2024-12-25' +%V; date -u -d 'Jan 5 2024' +%F; date -u -d '5 March 2024' +%F; date -u -d '20240615' +%F
a=$(date -u -d 2024-03-01 +%s); b=$(date -u -d 2024-02-01 +%s); echo $(( (a - b) / 86400 ))
date -u -d '2024-01-15 next month' +%F; date -u -d '2024-01-15 2 weeks ago' +%F; date -u -d '2024-01-15 yesterday' +%F
date -u -d '2024-05-05T10:20:30Z' +%H:%M; date -d '2024-05-05 10:00 UTC' +%s; TZ=UTC date -d @86400 +%c
date -u -d '10:30' +%H:%M; date -u -d '2024-02-30' 2>/dev/null || echo "invalid $?"
date -u -Is -d @0; date -u -R -d @0; date -u -d @0; [ "$(date +%Y)" -ge 2024 ] && echo "now ok"
date -u -d 'last day' >/dev/null && echo ok; date -u -d '2024-01-01 1 hour 30 minutes' +%T; date -u -d '2024-02-29 +1 year' +%F
date -u '+%%|%n|%t|' -d @0 | head -1; date -u -d '2024-01-05' +'%-d/%-m/%Y %_d'
printf '%(%F)T\n' 86400
