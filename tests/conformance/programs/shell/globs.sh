mkdir -p d/sub; touch a.txt b.txt c.md .hidden d/x.txt d/sub/y.txt "sp ace.txt"
echo *.txt
echo *
echo [ab].*
echo ?.md
echo d/*
echo */*.txt
echo *.none
shopt -s nullglob; echo *.none end; shopt -u nullglob
shopt -s dotglob; echo *; shopt -u dotglob
shopt -s globstar; echo **/*.txt; shopt -u globstar
for f in *.txt; do echo "<$f>"; done
echo "*.txt" '*.txt' \*.txt
p='*.md'; echo $p "$p"
set -f; echo *.txt; set +f
shopt -s extglob; echo !(*.txt); echo *.@(md|txt); echo +([a-c]).*
echo [!a]*.txt [[:alpha:]].txt
files=(*.txt); echo ${#files[@]}
echo {a,b}.txt {x,y}.zz
rm -f ./*.txt; ls
