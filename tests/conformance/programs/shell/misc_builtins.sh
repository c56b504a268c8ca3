let a=5 b=a+2; echo $a $b; : ignored; true; times > /dev/null; umask; umask 077; umask; umask 022
help > /dev/null 2>&1; dirs | wc -l; ulimit -n > /dev/null && echo ulimit
shopt -q extglob || echo "extglob off"; shopt -s extglob; shopt -q extglob && echo on; shopt nullglob
set -o | grep -E '^(errexit|pipefail)' ; caller || echo "top"; f() { caller 0 | cut -d' ' -f2; }; f
hash > /dev/null 2>&1; type -a true | head -1; enable > /dev/null; builtin echo built; command -V cd
shift 2>/dev/null; echo $?; set a b; shift 5; echo $?; wait; echo $?; jobs; getopts a x; echo $?
printf -v v '%s-%s' a b; echo $v; read -r <<< "to reply"; echo "$REPLY"; exec true
