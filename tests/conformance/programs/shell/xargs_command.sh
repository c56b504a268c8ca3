echo "a b c" | xargs
echo "1 2 3 4 5" | xargs -n2 echo pair
printf 'x\ny\n' | xargs -I{} echo "item {} done"
printf 'one two\nthree\n' | xargs -d '\n' -n1 echo
printf 'a\0b c\0' | xargs -0 -n1 echo
seq 3 | xargs -I N sh -c 'echo $((N * 2))'
echo "f1 f2" | xargs touch; ls
echo "" | xargs echo "runs once"; echo "" | xargs -r echo never
printf 'a b\nc d\n' | xargs -L1 echo line:
echo "'quoted arg' plain" | xargs -n1 echo
seq 4 | xargs -P2 -n1 echo | sort
echo "false" | xargs -n1 sh -c 'exit 1' ; echo $?
seq 10 | xargs -n3 | wc -l
find . -name 'f*' | sort | xargs ls -1
echo a b | xargs -t -n1 echo 2>&1
