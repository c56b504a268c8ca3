mkdir -p a/b/c && echo "made"
echo hello > a/f1; cp a/f1 a/f2; mv a/f2 a/b/f3; ls a a/b
cp -r a copy; find copy -type f | sort
rm -r copy; [ -d copy ] || echo removed
ln -s a/f1 link; readlink link; cat link
touch x y z; ls; rm x y z
mkdir d1 d2; rmdir d1 d2; rmdir a 2>/dev/null || echo "not empty"
echo more >> a/f1; wc -l a/f1
stat -c '%n %s %a %F' a/f1
chmod 640 a/f1; stat -c %a a/f1; chmod u+x,g-r a/f1; stat -c %A a/f1
basename /x/y/file.txt .txt; dirname /x/y/file.txt; realpath --relative-to=a a/b/c
cp a/f1 "name with space"; mv "name with space" b; cat b | head -1
mv -v b c; cp -v c e; rm -v e
cp nofile x 2>/dev/null || echo "cp failed $?"
du -b a/f1 | cut -f1
mktemp -u XXXX | wc -c
cat a/f1 > a/f4; cmp a/f1 a/f4 && echo identical; diff -q a/f1 c || true
install -m 755 c tool; stat -c %a tool
truncate -s 3 c; cat c; echo
ls -1 a; ls -d */; ls -A | wc -l
