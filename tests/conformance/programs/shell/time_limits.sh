timeout 1 echo fast; echo $?
timeout 0.1 sleep 5; echo $?
timeout 0.1 bash -c 'while :; do :; done'; echo $?
timeout -s KILL 0.1 sleep 5; echo $?
SECONDS=0; sleep 0.1; ((SECONDS <= 2)) && echo "quick"
start=$(date +%s); sleep 0.05; end=$(date +%s); ((end - start <= 2)) && echo ok
timeout 2 bash -c 'exit 3'; echo $?
{ time sleep 0.01; } 2>&1 | grep -c -E 'real|user|sys'
timeout 2 sh -c 'trap "echo termed; exit 9" TERM; sleep 0.01'; echo $?
