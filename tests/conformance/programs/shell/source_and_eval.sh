cat > lib.sh <<'E'
LIB_VERSION=1.2
lib_hello() { echo "lib says hi to $1"; }
echo "loading lib with args: $*"
return 0
echo "not reached"
E
source ./lib.sh one two; echo $LIB_VERSION; lib_hello me
. ./lib.sh
cmd='echo evaluated $((1+2))'; eval "$cmd"
var=dyn; eval "$var=5"; echo $dyn
eval 'for i in 1 2; do echo e$i; done'
eval "f() { echo made \$1; }"; f x
source nofile 2>/dev/null || echo "no lib"
x='a b'; eval "set -- $x"; echo $#
eval exit_code=7; (eval "exit $exit_code"); echo $?
args='"quoted arg" two'; eval "set -- $args"; echo "$1|$2"
eval 'echo "nested $(eval echo deep)"'
cat > script.sh <<'E'
#!/bin/bash
echo "script $0 got $# args: $@"
exit 4
E
chmod +x script.sh; ./script.sh a "b c"; echo "rc $?"
bash script.sh x; sh -c 'echo "sh $0 $1"' name arg
