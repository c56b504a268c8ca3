classify() {
  case "$1" in
    [0-9]) echo "$1: digit" ;;
    [a-z]*.txt | [a-z]*.md) echo "$1: document" ;;
    -h | --help) echo "help" ;;
    "") echo "empty" ;;
    *[[:space:]]*) echo "has space" ;;
    ??) echo "$1: two chars" ;;
    [!a-z]*) echo "$1: not lower" ;;
    *) echo "$1: other" ;;
  esac
}
for x in 5 notes.txt -h --help "" "a b" ab Zed something; do classify "$x"; done
case abc in a*) echo first ;;& *c) echo second ;;& *z) echo no ;; esac
case x in x) echo one ;& y) echo two ;; z) echo three ;; esac
case "*" in \*) echo star ;; esac
case foo in (foo) echo paren ;; esac
shopt -s extglob
for f in a.jpg b.png c.gif d.doc; do case $f in *.@(jpg|png)) echo "$f image";; !(*.doc)) echo "$f other";; *) echo "$f doc";; esac; done
