echo "double \"quoted\" \$HOME \`date\` \\"
echo 'it'\''s "fine"'
echo $'tab\there\nnew line \x41 \u00e9 \101'
echo a"b c"'d e'f
var="  spaces   inside  "
echo $var
echo "$var"
echo "*" '*' \*
echo "multi
line"
echo one\ two   three
printf '[%s]\n' "a b" c 'd  e' ''
echo "nested $(echo "inner \"q\" $(echo 'deep $x')")"
set -- "one two" three
printf '<%s>' "$@"; echo
printf '<%s>' $@; echo
printf '<%s>' "$*"; echo
