start=$PWD; mkdir -p a/b c; cd a/b; [ "$PWD" = "$start/a/b" ] && echo "in a/b"; cd ..; basename "$PWD"; cd - > /dev/null; basename "$PWD"; cd "$start"
pushd a > /dev/null; pushd ../c > /dev/null; basename "$PWD"; popd > /dev/null; basename "$PWD"; popd > /dev/null; [ "$PWD" = "$start" ] && echo back
cd nowhere 2>/dev/null || echo "cannot cd"
(cd c && touch f); ls c; ls -d a c; mkdir -p x/y/z; rmdir -p x/y/z; [ -d x ] || echo "x gone"
cd a; echo "${PWD##*/} ${OLDPWD##*/}" | cut -d' ' -f1; cd ..
for d in */; do echo "dir ${d%/}"; done; mkdir "with space"; cd "with space"; echo "${PWD##*/}"; cd ..
cd /; pwd; cd "$start"; dirname /a/b/c; basename /a/b/c/; CDPATH=$start; cd b 2>/dev/null; cd a > /dev/null; echo "${PWD##*/}"
