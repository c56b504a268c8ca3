printf '%d %5d %-5d| %05d %+d\n' 42 42 42 42 42
printf '%s|%10s|%-10s|%.2s\n' abc abc abc abc
printf '%f %.2f %8.3f %e %g\n' 3.14159 3.14159 3.14159 31415.9 0.0001
printf '%x %X %o %#x %#o\n' 255 255 8 255 8
printf '%c%c\n' hello world
printf '%%|%5s|\n' x
printf '%s\n' a b c
printf '%s=%d\n' one 1 two 2
printf '%b\n' 'tab\there'
printf '%q\n' 'with space' "it's" simple '$x' ''
printf '\x41\102\n'
printf '%*d|%-*d|\n' 6 42 6 42
printf '%(%Y)T\n' 0
printf -v out '%03d' 7; echo "$out"
printf '%s %s\n' only
printf 'no newline'; echo
printf '%d\n' "'A"; printf '%d\n' 0x1f 010
printf '%s\n' "${arr[@]}"
printf '%-10s|%8.2f|\n' apple 1.5 banana 22.333
printf '%d\n' abc 2>/dev/null; echo $?
printf '%u %i\n' 5 6
printf '%5.1f%%\n' 45.678
printf '\u00e9\n'
