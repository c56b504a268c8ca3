expr 3 + 4; expr 10 - 3; expr 6 \* 7; expr 17 / 5; expr 17 % 5
expr 5 \> 3; expr 5 \< 3; expr a = a; expr abc != abd
expr length hello; expr substr hello 2 3; expr index hello l
expr hello : 'h.*o'; expr hello : '\(hel\)'; expr abc123 : '[a-z]*'
expr \( 2 + 3 \) \* 4; expr 0; echo $?; expr 1 \| 0; expr 0 \& 1; echo $?
i=1; i=`expr $i + 1`; echo $i
expr 5 / 0 2>/dev/null; echo $?; expr a + 1 2>/dev/null; echo $?
expr "$(expr 2 + 2)" \* 2
