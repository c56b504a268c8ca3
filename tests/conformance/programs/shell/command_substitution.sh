today=$(echo 2024-01-15); year=${today%%-*}; echo $year
echo "Files: $(printf 'x\ny\n' | wc -l)"
old=`echo backticks \`echo nested\``; echo $old
lines=$(printf 'a\nb\n\n\n'); echo "[$lines]"
echo $(printf 'a\nb   c\n')
echo "$(printf 'a\nb   c\n')"
echo "$(echo "a $(echo "b $(echo c)")")"
n=$(( $(echo 3) + $(echo 4) )); echo $n
echo "quote: $(echo '"')"
arr=($(echo 1 2 3)); echo ${#arr[@]}
cmd="echo dynamic"; $cmd
printf 'content\n' > f; echo "$(<f)"
x=$(cat <<E
heredoc $n
E
); echo "$x"
if [ "$(echo yes)" = yes ]; then echo ok; fi
echo "$(for i in 1 2; do echo "i$i"; done)"
echo $(echo '*')
