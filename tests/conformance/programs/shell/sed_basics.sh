printf 'one\ntwo\nthree\nfour\nfive\n' > f
sed 's/o/0/' f; sed 's/o/0/g' f | head -2
sed -n '2p' f; sed -n '2,4p' f; sed -n '$p' f; sed -n '/t/p' f
sed '2d' f | tail -3; sed '/o/d' f; sed '2,3d' f
sed -e 's/one/1/' -e 's/two/2/' f | head -2
sed 's|t|T|;s/$/!/' f
sed -n '1~2p' f; sed '0,/o/s//X/' f | head -2
sed 's/\(.\)\(.\)/\2\1/' f; sed -E 's/(.)(.)/\2\1/' f | head -1
sed '1i\first line' f | head -2; sed '$a last' f | tail -1; sed '2c\changed' f | sed -n 2p
sed 'y/abc/ABC/' <<< "aabbcc"
sed '/two/,/four/s/^/> /' f
sed -n '/two/{p;q}' f; sed '3q' f
sed = f | head -4; sed -n '$=' f
sed 's/.*/"&"/' f | head -1; sed 's/[aeiou]//g' f
sed -i 's/one/ONE/' f; head -1 f; sed -i.bak 's/two/TWO/' f; cat f.bak | sed -n 2p
sed '/^$/d' <<< $'a\n\nb'; sed 's/^[ \t]*//' <<< $'  \tindented'
sed -E 's/[0-9]+/<&>/g' <<< "a1b22c333"
sed 's/a/b/2' <<< "aaa"; sed -n 's/x/y/p' <<< $'ax\nb'
sed -E 's/(^|_)([a-z])/\U\2/g' <<< "snake_case_name"; sed 's/\w\+/\u&/g' <<< "title case"
echo "path/to" | sed 's#/#::#g'
