touch empty; echo data > full; mkdir dir; ln -s full link; ln -s nowhere broken; chmod +x full; chmod 444 empty
for f in empty full dir link broken missing; do
  printf '%s:' $f
  [ -e $f ] && printf ' e'; [ -f $f ] && printf ' f'; [ -d $f ] && printf ' d'; [ -L $f ] && printf ' L'; [ -s $f ] && printf ' s'; [ -x $f ] && printf ' x'; [ -r $f ] && printf ' r'
  echo
done
touch -d '2020-01-01' older; touch -d '2021-01-01' newer
[ newer -nt older ] && echo newer; [ older -ot newer ] && echo older
[ full -ef link ] && echo same
[[ -e full && ! -d full ]] && echo "plain file"
[ -f dir ] || echo "dir is no file"
test -d dir -a -w dir && echo "writable dir"
