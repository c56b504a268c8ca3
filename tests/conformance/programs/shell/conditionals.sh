n=7
if [ $n -gt 5 ]; then echo big; elif [ $n -gt 3 ]; then echo medium; else echo small; fi
if [[ $n -ge 5 && $n -lt 10 ]]; then echo "5 to 9"; fi
[ "$n" -eq 7 ] && echo seven || echo other
if ! [ -f nofile ]; then echo "no file"; fi
[ -z "" ] && echo empty; [ -n "x" ] && echo nonempty
[ a = a ] && [ a != b ] && echo strings
[[ abc < abd ]] && echo less; [[ b > a ]] && echo greater
[ 1 -lt 2 -a 3 -lt 4 ] && echo and; [ 1 -gt 2 -o 3 -lt 4 ] && echo or
test 5 -le 5; echo $?
if grep -q root <<< "root user"; then echo matched; fi
if true; then if false; then echo no; else echo nested; fi; fi
[[ -n $unset_var ]] || echo unset
x=; if [ -z "${x}" ]; then echo "x empty"; fi
[ ! "$n" -gt 10 ] && echo "not over ten"
[[ "$n" == [0-9] ]] && echo digit
[ "abc" \< "abd" ] && echo "lexical"
[[ ( 1 -eq 1 || 1 -eq 2 ) && 2 -eq 2 ]] && echo grouped
