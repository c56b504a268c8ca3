[ ]; echo $?; [ "" ]; echo $?; [ x ]; echo $?; [ -f ]; echo $?; [ ! x ]; echo $?; [ ! "" ]; echo $?
[ = ]; echo $?; [ a = ] 2>/dev/null; echo $?; [ 1 -eq a ] 2>/dev/null; echo $?; [ -z ]; echo $?
v=; [ $v = x ] 2>/dev/null; echo $?; [ "$v" = x ]; echo $?; [[ $v = x ]]; echo $?
[ "a" = "a" -a "b" = "b" ]; echo $?; [ \( a = a \) -o b = c ]; echo $?; test 1 -lt 2 && echo lt
[ 010 -eq 10 ]; echo $?; [[ 010 -eq 8 ]]; echo $?; [ " 5 " -eq 5 ]; echo $?; [[ 3+2 -eq 5 ]] && echo arith
[ -n ]; echo $?; [ "(" = "(" ]; echo $?; [[ ! ( a == b ) ]]; echo $?; [ a == a ]; echo $?; [[ a != b && ( c == c ) ]]; echo $?
[ -v HOME ]; echo $?; [[ -v nope ]]; echo $?; x=1; [[ -v x ]]; echo $?; [ -o errexit ]; echo $?
