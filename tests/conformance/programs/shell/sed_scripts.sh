printf 'a\nb\nc\nd\n' > f
sed 'N;s/\n/-/' f; sed -n 'H;${x;s/\n/,/g;s/^,//;p}' f
sed '1!G;h;$!d' f
sed -n '/b/{n;p}' f; sed '$!N;$!D' f; sed -n '$!{h;d};H;x;p' f | tail -2
sed ':a;N;$!ba;s/\n/ /g' f
sed '/b/r ins' f; echo inserted > ins; sed '/b/r ins' f
sed '/c/w out' f > /dev/null; cat out
sed -e '/a/{' -e 's/a/A/' -e 'a\' -e 'after a' -e '}' f | head -2
cat > s.sed <<'E'
# comment
/^#/d
s/foo/bar/g
/start/,/end/ {
  s/x/y/
}
E
printf '#c\nfoo foo\nstart\nx\nend\nx\n' | sed -f s.sed
sed -n '/start/,/end/{//!p}' <<< $'start\nin1\nin2\nend\nout'
sed 's/a\|b/X/g' <<< "abc"; sed 's/[^,]*,//2' <<< "1,2,3,4"
echo "key=value" | sed -n 's/^\([^=]*\)=\(.*\)$/\2 <- \1/p'
sed '/x/!s/$/ (no x)/' <<< $'ax\nb'
sed ':l;s/^\([0-9]\+\)\([0-9]\{3\}\)/\1,\2/;tl' <<< 1234567
sed 's/\t/TAB/' <<< $'a\tb'; sed -z 's/\n/;/g' f; echo
sed -n 'l' <<< $'tab\there'; sed --expression='s/a/b/' <<< a; sed -s -n '1p' f ins
